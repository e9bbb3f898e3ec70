"""GitHub: whose access token is it, and was it issued to us?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import requests
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from requests.auth import AuthBase, HTTPBasicAuth

from app.clients.outbound import guarded
from app.config import Settings
from app.errors import Forbidden, Unauthorized, Unavailable

_REFUSALS = {401, 403, 404, 422}
_OUR_FAULT = {"incorrect_client_credentials", "invalid_client"}


@dataclass(frozen=True, kw_only=True)
class GithubUser:
    """A GitHub account with its primary email, which GitHub has verified (lower case)."""

    id: str
    login: str
    name: str
    email: str
    orgs: tuple[str, ...] = ()
    """Organisations of those asked for in which he is an active member."""
    silent_orgs: tuple[str, ...] = ()
    """Those that don't let this app see their members."""


class _App(BaseModel):
    client_id: str


class _Issued(BaseModel):
    app: _App


class _Profile(BaseModel):
    id: int
    login: Annotated[str, Field(min_length=1, max_length=255)]
    name: str | None = None


class _Email(BaseModel):
    email: Annotated[str, Field(max_length=255)]
    primary: bool
    verified: bool


class _Membership(BaseModel):
    state: str


T = TypeVar("T")


@dataclass(frozen=True)
class _Bearer(AuthBase):
    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class GithubApp:
    """Our OAuth app at GitHub."""

    def __init__(self, settings: Settings) -> None:
        """Raises Unavailable `github_not_configured`."""
        if not settings.github_client_id or not settings.github_client_secret:
            raise Unavailable(
                "github_not_configured",
                "This backend has no GitHub app (DEPLOYR_GITHUB_CLIENT_ID and _SECRET). Its "
                "operator makes tokens with `flask deployr user create`.",
            )
        self._client = (settings.github_client_id, settings.github_client_secret)
        self._url = settings.github_url.rstrip("/")
        self._api = settings.github_api_url.rstrip("/")
        self._orgs = settings.allow_orgs
        self._scope = settings.github_scope

    def sign_in_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Return where a browser is sent to; it comes back with a code and the `state`.

        `challenge` is of PKCE, S256.
        """
        query = {
            "client_id": self._client[0],
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._url}/login/oauth/authorize?{urlencode(query)}"

    def exchange(self, code: str, redirect_uri: str | None, verifier: str | None) -> str:
        """Return the access token that a one-time code stands for.

        Raises Unauthorized, Unavailable.
        """
        # Imported here: it costs 10 MB, and most processes never sign anybody in.
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

        session = OAuth2Session(
            *self._client,
            redirect_uri=redirect_uri,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - as GitHub documents
        )
        extra = {"code_verifier": verifier} if verifier else {}
        try:
            with guarded(session):
                token = session.fetch_token(
                    f"{self._url}/login/oauth/access_token",
                    grant_type="authorization_code",
                    code=code,
                    headers={"Accept": "application/json"},
                    **extra,
                )
            return str(token["access_token"])
        except AuthlibBaseError as error:
            if error.error in _OUR_FAULT:
                raise _misconfigured() from None
            raise Unauthorized(
                "github_refused", f"GitHub refused the code: {error.description or error.error}"
            ) from None
        except (requests.RequestException, ValueError, KeyError, RecursionError):
            raise _unreachable() from None

    def identify(self, access_token: str) -> GithubUser:
        """Return whose token it is. Raises Unauthorized, Forbidden, Unavailable.

        A token that GitHub issued to another app proves nothing: that app's owner has it too.
        """
        self._check_issuer(access_token)
        bearer = _Bearer(access_token)
        profile = self._get("/user", bearer, _Profile)
        if profile is None:
            raise Unauthorized("github_refused", "GitHub does not accept this token.")
        email = _verified_email(self._get("/user/emails", bearer, list[_Email]) or [])
        orgs, silent = self._memberships(bearer)
        return GithubUser(
            id=str(profile.id),
            login=profile.login,
            name=(profile.name or "").strip()[:255] or profile.login,
            email=email,
            orgs=orgs,
            silent_orgs=silent,
        )

    def _check_issuer(self, access_token: str) -> None:
        path = f"/applications/{quote(self._client[0], safe='')}/token"
        auth = HTTPBasicAuth(*self._client)
        answer = self._ask("POST", path, auth, json={"access_token": access_token})
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise _misconfigured()
        issued = _parsed(answer, _Issued)
        if issued is None or issued.app.client_id != self._client[0]:
            raise Unauthorized("github_refused", "GitHub did not issue this token to this app.")

    def _memberships(self, bearer: _Bearer) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the allowed organisations that he is in, and those that did not let us ask."""
        found: list[str] = []
        silent: list[str] = []
        for org in self._orgs:
            answer = self._ask("GET", f"/user/memberships/orgs/{quote(org, safe='')}", bearer)
            membership = _parsed(answer, _Membership)
            if membership is not None and membership.state == "active":
                found.append(org)
            # Without membership it is 404; an organisation that restricts apps says 403.
            if answer.status_code == HTTPStatus.FORBIDDEN:
                silent.append(org)
        return tuple(found), tuple(silent)

    def _get(self, path: str, bearer: _Bearer, kind: type[T]) -> T | None:
        return _parsed(self._ask("GET", path, bearer), kind)

    def _ask(self, method: str, path: str, auth: AuthBase, **options: Any) -> requests.Response:  # noqa: ANN401
        headers = {"Accept": "application/vnd.github+json"}
        try:
            with guarded(requests.Session()) as session:
                url = self._api + path
                return session.request(method, url, auth=auth, headers=headers, **options)
        except requests.RequestException:
            raise _unreachable() from None


def _parsed(answer: requests.Response, kind: type[T]) -> T | None:
    """Return what GitHub says, or None when it refuses. Raises Unavailable."""
    if answer.status_code in _REFUSALS:
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            raise _unreachable()  # it says 403, and means later
        return None
    try:
        if answer.status_code == HTTPStatus.OK:
            return TypeAdapter(kind).validate_json(answer.content)
    except ValidationError:
        pass  # a proxy's page, perhaps
    raise _unreachable()


def _verified_email(emails: Iterable[_Email]) -> str:
    for each in emails:
        if each.primary and each.verified and "@" in each.email:
            return each.email.lower()
    raise Forbidden(
        "email_not_verified",
        "Your primary email is not verified at GitHub, or the token lacks the scope user:email.",
    )


def _unreachable() -> Unavailable:
    return Unavailable("github_unreachable", "GitHub does not answer as it should; try again.")


def _misconfigured() -> Unavailable:
    return Unavailable(
        "github_misconfigured",
        "GitHub does not know this backend's client id and secret: tell its operator.",
    )
