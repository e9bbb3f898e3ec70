"""The OAuth endpoints of a small GitHub, made with Authlib's server side and GitHub's quirks."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from flask import Flask, Response, jsonify, redirect, request

OURS = "our-app"
ANOTHERS = "evil-app"
SECRETS = {OURS: "our-secret", ANOTHERS: "evil-secret"}
# What Authlib calls by the names of the standard, GitHub calls otherwise.
_GITHUBS_WORDS = {
    "invalid_grant": "bad_verification_code",
    "invalid_client": "incorrect_client_credentials",
    "invalid_request": "incorrect_device_code",
}


@dataclass
class Account:
    """A GitHub user."""

    id: int
    login: str
    emails: list[dict[str, Any]]
    name: str | None = None


@dataclass(frozen=True)
class _Client(ClientMixin):
    id: str
    callbacks: tuple[str, ...]

    def get_client_id(self):
        return self.id

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.startswith(self.callbacks)

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(SECRETS[self.id], client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return True

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type != "refresh_token"


@dataclass(kw_only=True)
class Code(AuthorizationCodeMixin):
    """What a browser brings back."""

    code: str
    client_id: str
    account: Account
    scope: str = "user:email"
    redirect_uri: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class OAuthState:
    """Who has been given what; a test changes it as GitHub's users do."""

    accounts: dict[str, Account] = field(default_factory=dict)
    """By access token."""
    issued_to: dict[str, str] = field(default_factory=dict)
    """Access token → client id."""
    codes: dict[str, Code] = field(default_factory=dict)
    devices: dict[str, DeviceCredentialDict] = field(default_factory=dict)
    """By device code."""
    decisions: dict[str, tuple[Account | None, bool]] = field(default_factory=dict)
    """User code → who decided what about it."""
    visitor: Account | None = None
    """Who sits at the browser and agrees to all; None denies."""
    callbacks: tuple[str, ...] = ("http://127.0.0.1:", "http://localhost/auth/github/callback")
    """How the addresses begin that a browser may be sent back to."""
    interval: int = 0
    """Seconds between polls that it asks for."""
    slow_downs: int = 0
    """So many polls of pending codes are told to slow down."""
    slower_interval: float = 5
    """What they are told to wait from then on."""
    device_flow: bool = True
    """Whether the owner of the app has enabled it."""
    polls: list[float] = field(default_factory=list)
    """When each poll of a device code came."""


def add_oauth(app: Flask, state: OAuthState, url: str) -> None:
    """Serve `/login/device/code`, `/login/oauth/authorize` and `…/access_token`."""
    app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = lambda **_: f"gho_{secrets.token_hex(18)}"

    def save_token(token, asked):
        state.accounts[token["access_token"]] = asked.user
        state.issued_to[token["access_token"]] = asked.client.id

    def client(client_id):
        return _Client(client_id, state.callbacks) if client_id in SECRETS else None

    server = AuthorizationServer(app, client, save_token)
    server.register_grant(_code_grant(state), [CodeChallenge(required=True)])
    server.register_grant(_device_grant(state))
    server.register_endpoint(_device_endpoint(state, url))

    @app.post("/login/device/code")
    def start_device():
        if not state.device_flow:
            return jsonify(error="device_flow_disabled")
        return _as_github(server.create_endpoint_response("device_authorization"), state)

    @app.post("/login/oauth/access_token")
    def token():
        if "device_code" in request.form:
            state.polls.append(time.monotonic())
        return _as_github(server.create_token_response(), state)

    _add_authorize(app, state, server)


def _add_authorize(app: Flask, state: OAuthState, server: AuthorizationServer) -> None:
    @app.get("/login/oauth/authorize")
    def authorize():
        # GitHub knows one kind of answer, and nobody needs to name it.
        if "response_type" not in request.args:
            return redirect(f"{request.full_path}&response_type=code")
        try:
            grant = server.get_consent_grant(end_user=state.visitor)
        except OAuth2Error as error:
            return Response(str(error), 400)
        return server.create_authorization_response(grant=grant, grant_user=state.visitor)


def _as_github(answer: Response, state: OAuthState) -> Response:
    """Return errors with status 200 and GitHub's words; a form unless JSON is asked for."""
    body = json.loads(answer.get_data())
    if "error" in body:
        body["error"] = _GITHUBS_WORDS.get(body["error"], body["error"])
        if body["error"] == "slow_down":
            body["interval"] = state.slower_interval
    body.pop("expires_in" if "access_token" in body else "verification_uri_complete", None)
    if "json" in request.headers.get("Accept", ""):
        return Response(json.dumps(body), mimetype="application/json")
    return Response(urlencode(body), mimetype="application/x-www-form-urlencoded")


def _code_grant(state: OAuthState) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        def save_authorization_code(self, code, asked):
            state.codes[code] = Code(
                code=code,
                client_id=asked.client.id,
                account=asked.user,
                scope=asked.scope,
                redirect_uri=asked.payload.redirect_uri,
                code_challenge=asked.payload.data.get("code_challenge"),
                code_challenge_method=asked.payload.data.get("code_challenge_method"),
            )

        def query_authorization_code(self, code, client):
            found = state.codes.get(code)
            return found if found and found.client_id == client.id else None

        def delete_authorization_code(self, authorization_code):
            del state.codes[authorization_code.code]

        def authenticate_user(self, authorization_code):
            return authorization_code.account

    return Grant


def _device_grant(state: OAuthState) -> type[DeviceCodeGrant]:
    class Grant(DeviceCodeGrant):
        def query_device_credential(self, device_code):
            return state.devices.get(device_code)

        def query_user_grant(self, user_code):
            return state.decisions.get(user_code)

        def should_slow_down(self, credential):
            state.slow_downs -= 1
            return state.slow_downs >= 0

    return Grant


def _device_endpoint(state: OAuthState, url: str) -> type[DeviceAuthorizationEndpoint]:
    class Endpoint(DeviceAuthorizationEndpoint):
        INTERVAL = state.interval

        def get_verification_uri(self):
            return f"{url}/login/device"

        def save_device_credential(self, client_id, scope, data):
            state.devices[data["device_code"]] = DeviceCredentialDict(
                **data, client_id=client_id, scope=scope, expires_at=time.time() + 900
            )

    return Endpoint
