"""A small GitHub on a loopback port: OAuth, the users behind it and their organisations."""

import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from tests.support.backend import Api
from tests.support.github_oauth import (
    ANOTHERS,
    OURS,
    SECRETS,
    Account,
    Code,
    OAuthState,
    add_oauth,
)

__all__ = ["ANOTHERS", "OURS", "Account", "FakeGithub", "account", "sign_in"]


def account(number: int, login: str, email: str | None = None) -> Account:
    """Return an account whose email GitHub has verified."""
    emails = [{"email": email or f"{login}@example.com", "primary": True, "verified": True}]
    return Account(id=number, login=login, emails=emails)


def sign_in(app: Flask, github: "FakeGithub", who: Account, **fields: object) -> Any:
    """Sign in to a backend as its command line would; return the test client's answer."""
    token = f"gho_{who.login}"
    github.sign_up(token, who)
    return Api(app).post("/api/auth/github", {"access_token": token} | fields)


@dataclass
class FakeGithub(OAuthState):
    """GitHub as its users and owners of organisations make it."""

    orgs: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Organisation → login → state of the membership."""
    restricted: set[str] = field(default_factory=set)
    """Organisations that let no app in which they have not approved."""
    broken: bool = False
    exhausted: bool = False
    """No more calls are let in before the next hour."""
    garbage: bytes | None = None
    """Answered to everything, with 200."""
    location: str | None = None
    """Everything is redirected there."""

    def __enter__(self) -> Self:
        self._app = Flask("fake_github")
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        add_oauth(self._app, self, self.url)
        self._add_api()
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
            "DEPLOYR_GITHUB_CLIENT_ID": OURS,
            "DEPLOYR_GITHUB_CLIENT_SECRET": SECRETS[OURS],
            "DEPLOYR_GITHUB_URL": self.url,
            "DEPLOYR_GITHUB_API_URL": f"{self.url}/api",
        }

    def sign_up(self, token: str, account: Account, issued_to: str = OURS) -> None:
        """Let `token`, issued to an app, act for `account`."""
        self.accounts[token] = account
        self.issued_to[token] = issued_to

    def code_for(
        self, account: Account, verifier: str, redirect_uri: str | None = None, app: str = OURS
    ) -> str:
        """Return the code that a browser brings back once `account` has agreed."""
        code = secrets.token_hex(10)
        self.codes[code] = Code(
            code=code,
            client_id=app,
            account=account,
            redirect_uri=redirect_uri,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return code

    def authorise(self, user_code: str, account: Account) -> None:
        """Let `account` type in a code and agree."""
        self.decisions[user_code] = (account, True)

    def deny(self, user_code: str) -> None:
        """Let somebody type in a code and refuse."""
        self.decisions[user_code] = (None, False)

    def expire(self, user_code: str) -> None:
        """Let a code get too old."""
        for device in self.devices.values():
            if device["user_code"] == user_code:
                device["expires_at"] = time.time() - 1

    def revoke(self, token: str) -> None:
        """End a token."""
        del self.accounts[token], self.issued_to[token]

    def _add_api(self) -> None:
        self._app.before_request(self._misbehave)
        self._app.post("/api/applications/<client_id>/token")(self._check)
        self._app.get("/api/user")(self._user)
        self._app.get("/api/user/emails")(self._emails)
        self._app.get("/api/user/memberships/orgs/<org>")(self._membership)

    def _misbehave(self) -> Response | None:
        if self.location:
            return Response(status=307, headers={"Location": self.location})
        if self.garbage is not None:
            return Response(self.garbage, mimetype="application/json")
        if self.exhausted:
            return Response("{}", 403, {"X-RateLimit-Remaining": "0"})
        return Response("unicorn", 502) if self.broken else None

    def _check(self, client_id: str) -> tuple[Response, int]:
        given = request.authorization
        if given is None or SECRETS.get(str(given.username)) != given.password:
            return jsonify(message="Bad credentials"), 401
        token = request.get_json()["access_token"]
        if self.issued_to.get(token) != client_id or given.username != client_id:
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

    def _membership(self, org: str) -> tuple[Response, int]:
        account = self._account()
        if account is None:
            return jsonify(message="Bad credentials"), 401
        if org in self.restricted:
            return jsonify(message=f"the `{org}` organization has enabled restrictions"), 403
        state = self.orgs[org].get(account.login)
        return (jsonify(state=state), 200) if state else (jsonify(message="Not Found"), 404)

    def _account(self) -> Account | None:
        return self.accounts.get(request.headers["Authorization"].removeprefix("Bearer "))
