"""GitHub, asked for what proves to the backend who one is."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from pydantic import BaseModel, Field, ValidationError

from .client import TIMEOUT, Client, Json
from .config import LOOPBACK
from .errors import CliError, ExitCode, UnreachableError
from .loopback import Loopback

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_SECONDS = 5
WEB_SECONDS = 300
"""How long a browser may take."""

Show = Callable[[str, str | None], None]
"""Tells people the address to open and the code to enter there, if any."""


@dataclass(frozen=True, kw_only=True)
class GithubApp:
    """The backend's app at GitHub."""

    url: str
    client_id: str
    scope: str

    @classmethod
    def of(cls, client: Client) -> "GithubApp | None":
        """Return the app of a backend, or None when it has none."""
        told = client.get("/api/auth/github")
        if not told.get("configured"):
            return None
        url = str(told.get("url")).rstrip("/")
        if not _is_safe(url):
            raise CliError(f"The backend says that GitHub is at {url}, which is not https://.")
        return cls(url=url, client_id=str(told.get("client_id")), scope=str(told.get("scope")))


class _Started(BaseModel):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float = Field(default=900, gt=0)
    interval: float = Field(default=SLOWER_SECONDS, ge=0)


def by_device(app: GithubApp, show: Show) -> Json:
    """Return `{access_token}` once the user has entered a code at GitHub, in any browser."""
    asked = _post(app, "/login/device/code", client_id=app.client_id, scope=app.scope)
    if asked.get("error"):
        raise _refusal(asked)
    try:
        started = _Started.model_validate(asked)
    except ValidationError:
        raise _no_github(app) from None
    if not started.verification_uri.startswith(f"{app.url}/"):
        raise _no_github(app)
    show(started.verification_uri, started.user_code)
    return {"access_token": _poll(app, started)}


def by_browser(app: GithubApp, show: Show) -> Json:
    """Return `{code, redirect_uri, code_verifier}` once a browser of this machine comes back."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    with Loopback() as loopback:
        query = {
            "client_id": app.client_id,
            "redirect_uri": loopback.url,
            "scope": app.scope,
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        show(f"{app.url}/login/oauth/authorize?{urlencode(query)}", None)
        answer = loopback.wait(WEB_SECONDS)
    # Whoever can't tell the state did not come from where we sent the browser.
    if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise _not_signed_in("The browser came back with an answer that is not ours.")
    if answer.get("error") or not answer.get("code"):
        raise _refusal(answer)
    return {"code": answer["code"], "redirect_uri": loopback.url, "code_verifier": verifier}


def slower(interval: float, answer: Json) -> float:
    """Return how many seconds to wait between polls from now on."""
    told = answer.get("interval")
    return float(told) if isinstance(told, int | float) else interval + SLOWER_SECONDS


def _poll(app: GithubApp, started: _Started) -> str:
    interval = started.interval
    deadline = time.monotonic() + started.expires_in
    proof = {"client_id": app.client_id, "device_code": started.device_code, "grant_type": GRANT}
    while time.monotonic() < deadline:
        time.sleep(interval)
        try:
            answer = _post(app, "/login/oauth/access_token", **proof)
        except UnreachableError:
            interval += SLOWER_SECONDS
            continue
        if token := answer.get("access_token"):
            return str(token)
        if answer.get("error") == "slow_down":
            interval = slower(interval, answer)
        elif answer.get("error") != "authorization_pending":
            raise _refusal(answer)
    raise _refusal({"error": "expired_token"})


def _post(app: GithubApp, path: str, **form: str) -> Json:
    try:
        # An auth of ours, though it adds nothing: else requests looks into .netrc for one.
        answer = requests.post(
            app.url + path,
            data=form,
            headers={"Accept": "application/json"},
            auth=_no_auth,
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        found: Any = answer.json()
    except (requests.RequestException, RecursionError):
        raise _no_github(app) from None
    if not isinstance(found, dict):
        raise _no_github(app)
    return found


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


_SAID = {
    "access_denied": "You refused at GitHub.",
    "expired_token": "The code was not entered in time.",
    "device_flow_disabled": "The backend's GitHub app does not allow codes: its owner enables "
    "“Device Flow” in the app's settings at GitHub.",
}


def _refusal(answer: Json) -> CliError:
    code = str(answer.get("error") or "")
    return _not_signed_in(
        _SAID.get(code) or f"GitHub refused: {answer.get('error_description') or code or 'no code'}"
    )


def _not_signed_in(message: str) -> CliError:
    return CliError(message, "Try again: deployr login", code=ExitCode.NOT_SIGNED_IN)


def _no_github(app: GithubApp) -> UnreachableError:
    return UnreachableError(f"{app.url} does not answer as GitHub.")
