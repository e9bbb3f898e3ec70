"""GitHub: whose access token is it, and was it issued to us?"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from app.config import Settings
from app.errors import Forbidden, Unauthorized, Unavailable

_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class GithubUser:
    """A GitHub account with its primary email, which GitHub has verified (lower case)."""

    id: str
    login: str
    name: str
    email: str


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

    def exchange(self, code: str, redirect_uri: str | None, verifier: str | None) -> str:
        """Return the access token that a one-time code stands for. Raises Unauthorized."""
        # Imported here: it costs 10 MB, and most processes never sign anybody in.
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

        session = OAuth2Session(*self._client, redirect_uri=redirect_uri)
        extra = {"code_verifier": verifier} if verifier else {}
        try:
            token = session.fetch_token(
                f"{self._url}/login/oauth/access_token",
                grant_type="authorization_code",
                code=code,
                timeout=_TIMEOUT_SECONDS,
                headers={"Accept": "application/json"},
                **extra,
            )
        except AuthlibBaseError as error:
            raise Unauthorized("github_refused", f"GitHub refused the code: {error}") from None
        except (requests.RequestException, ValueError):
            raise _unreachable() from None
        return str(token["access_token"])

    def identify(self, access_token: str) -> GithubUser:
        """Return whose token it is. Raises Unauthorized, Forbidden, Unavailable.

        A token that GitHub issued to another app proves nothing: that app's owner has it too.
        """
        issued = self._call(
            "POST",
            f"/applications/{self._client[0]}/token",
            json={"access_token": access_token},
            auth=self._client,
        )
        if issued is None:
            raise Unauthorized("github_refused", "GitHub did not issue this token to this app.")
        headers = {"Authorization": f"Bearer {access_token}"}
        user = self._call("GET", "/user", headers=headers)
        if user is None:
            raise Unauthorized("github_refused", "GitHub does not accept this token.")
        return GithubUser(
            id=str(user["id"]),
            login=str(user["login"])[:255],
            name=str(user.get("name") or user["login"])[:255],
            email=_verified_email(self._call("GET", "/user/emails", headers=headers) or []),
        )

    def _call(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the decoded answer, or None when GitHub refuses."""
        options["headers"] = {"Accept": "application/vnd.github+json"} | options.get("headers", {})
        try:
            answer = requests.request(
                method, self._api + path, timeout=_TIMEOUT_SECONDS, allow_redirects=False, **options
            )
            if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _unreachable()
            return answer.json() if answer.status_code == HTTPStatus.OK else None
        except requests.RequestException:
            raise _unreachable() from None


def _verified_email(emails: list[dict[str, Any]]) -> str:
    for each in emails:
        if each.get("primary") and each.get("verified"):
            return str(each["email"]).lower()
    raise Forbidden(
        "email_not_verified",
        "Your primary email is not verified at GitHub, or its scope is missing.",
    )


def _unreachable() -> Unavailable:
    return Unavailable("github_unreachable", "GitHub does not answer; try again.")
