"""A small GitHub on a loopback port: OAuth tokens and the user behind them."""

import base64
import threading
from dataclasses import dataclass, field
from typing import Any, Self

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

CLIENT = ("our-app", "our-secret")


@dataclass
class Account:
    """A GitHub user."""

    id: int
    login: str
    emails: list[dict[str, Any]]
    name: str | None = None


@dataclass
class FakeGithub:
    """Knows accounts by access token, which apps the tokens were issued to, and codes."""

    accounts: dict[str, Account] = field(default_factory=dict)
    issued_to: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Code → access token and the PKCE verifier that goes with it."""
    broken: bool = False

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settings(self) -> dict[str, str]:
        """Return the settings of a backend that uses this GitHub."""
        return {
            "DEPLOYR_GITHUB_CLIENT_ID": CLIENT[0],
            "DEPLOYR_GITHUB_CLIENT_SECRET": CLIENT[1],
            "DEPLOYR_GITHUB_URL": self.url,
            "DEPLOYR_GITHUB_API_URL": f"{self.url}/api",
        }

    def sign_up(self, token: str, account: Account, issued_to: str = CLIENT[0]) -> None:
        """Let `token`, issued to an app, act for `account`."""
        self.accounts[token] = account
        self.issued_to[token] = issued_to

    def _app(self) -> Flask:
        app = Flask("fake_github")
        app.before_request(lambda: Response("unicorn", 502) if self.broken else None)
        app.post("/api/applications/<client_id>/token")(self._check)
        app.get("/api/user")(self._user)
        app.get("/api/user/emails")(self._emails)
        app.post("/login/oauth/access_token")(self._exchange)
        return app

    def _check(self, client_id: str) -> tuple[Response, int]:
        given = request.authorization
        if given is None or (given.username, given.password) != CLIENT:
            return jsonify(message="Bad credentials"), 401
        token = request.get_json()["access_token"]
        if self.issued_to.get(token) != client_id:
            return jsonify(message="Not Found"), 404
        return jsonify(token=token, app={"client_id": client_id}), 200

    def _user(self) -> tuple[Response, int]:
        account = self._account()
        if account is None:
            return jsonify(message="Bad credentials"), 401
        return jsonify(id=account.id, login=account.login, name=account.name), 200

    def _emails(self) -> tuple[Response, int]:
        account = self._account()
        return (jsonify(account.emails), 200) if account else (jsonify(message="Bad"), 401)

    def _account(self) -> Account | None:
        return self.accounts.get(request.headers["Authorization"].removeprefix("Bearer "))

    def _exchange(self) -> Response:
        basic = "Basic " + base64.b64encode(":".join(CLIENT).encode()).decode()
        found = self.codes.get(request.form["code"])
        verifier = request.form.get("code_verifier")
        if request.headers.get("Authorization") != basic or not found or found[1] != verifier:
            # As GitHub does: an error, but 200.
            return jsonify(error="bad_verification_code", error_description="expired code")
        return jsonify(access_token=found[0], token_type="bearer", scope="user:email")
