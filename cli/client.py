"""The backend's user API: one method per endpoint; every answer is JSON or a CliError."""

import time
import uuid
from typing import Any

import requests
from requests.auth import AuthBase

from deployr import __version__
from deployr.wire import wrapped

from .config import Account
from .errors import ApiError, UnreachableError

TIMEOUT = (5, 30)
"""Seconds to connect and between two bytes of an answer."""

RETRY_PAUSES = (0.5, 2.0)
"""Seconds before a request that makes something is sent again under the same key."""

PAGE = 100
Json = dict[str, Any]


class _Bearer(AuthBase):
    """Set as `auth` so that requests does not put credentials of a .netrc in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """Talks to one backend as one user; without a token as nobody.

    Every method raises ApiError for a refusal and UnreachableError when there is no answer.
    """

    def __init__(self, account: Account) -> None:
        self.url = account.url
        self._session = requests.Session()
        self._session.auth = _Bearer(account.token)
        self._session.headers["Accept"] = "application/json"
        self._session.headers["User-Agent"] = f"deployr/{__version__}"

    def user(self) -> Json:
        """Return who the token belongs to."""
        return self.get("/api/user")

    def projects(self, name: str | None = None) -> list[Json]:
        """Return all projects that the user can see, or those of one name."""
        return self.all("/api/projects", "projects", wrapped({"name": name}) if name else {})

    def project(self, project_id: int) -> Json:
        """Return one project."""
        return self.get(f"/api/projects/{project_id}")

    def create_project(self, fields: Json) -> Json:
        """Create a project and return it."""
        return self.make("/api/projects", wrapped(fields))

    def update_project(self, project_id: int, fields: Json) -> Json:
        """Change fields of a project and return it."""
        return self.post(f"/api/projects/{project_id}", wrapped(fields))

    def delete_project(self, project_id: int) -> Json:
        """Delete a project."""
        return self.post(f"/api/projects/{project_id}/delete", {})

    def releases(
        self, project_id: int, environment: str, *, limit: int, before: int | None = None
    ) -> Json:
        """Return one page `{releases, next}` of an environment, newest first."""
        part = {"limit": limit, "before": before}
        path = f"/api/projects/{project_id}/releases"
        return self.get(path, {**wrapped({"environment": environment}), **part})

    def create_job(self, fields: Json) -> Json:
        """Queue a deployment and return the job."""
        return self.make("/api/jobs", fields)

    def jobs(self, **filters: object) -> Json:
        """Return one page `{jobs, next}`, newest first."""
        return self.get("/api/jobs", {key: value for key, value in filters.items() if value})

    def job(self, job_id: int, log_from: int | None = None) -> Json:
        """Return a job; with `log_from` also a piece of its log from that byte on."""
        params = {} if log_from is None else {"log_from": log_from}
        return self.get(f"/api/jobs/{job_id}", params)

    def cancel_job(self, job_id: int) -> Json:
        """Ask for a job's end and return the job."""
        return self.post(f"/api/jobs/{job_id}/cancel", {})

    def runners(self) -> list[Json]:
        """Return all runners of the user, revoked ones too."""
        return self.all("/api/runners", "runners", {})

    def create_code(self) -> Json:
        """Return a one-time code `{code, expires_at}` that registers a runner."""
        return self.post("/api/runners/codes", {})

    def revoke_runner(self, runner_id: int) -> Json:
        """End a runner's access and return it."""
        return self.post(f"/api/runners/{runner_id}/revoke", {})

    def download(self, path: str) -> bytes | None:
        """Return the file at `path`, asked for without the token; None: there is none."""
        try:
            response = requests.get(
                self.url + path,
                headers={"User-Agent": f"deployr/{__version__}"},
                auth=_Bearer(""),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self.url} is unreachable: {_cause(error)}") from None
        return response.content if response.status_code == 200 else None

    def all(self, path: str, things: str, params: Json) -> list[Json]:
        """Return all `things` of a list, page by page."""
        found: list[Json] = []
        before = None
        while True:
            page = self.get(path, {**params, "limit": PAGE, "before": before})
            found += page[things]
            before = page.get("next")
            if not before:
                return found

    def get(self, path: str, params: Json | None = None) -> Json:
        """Return what is at `path`."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: Json) -> Json:
        """Post what may safely be posted twice, or is not repeated when the answer gets lost."""
        return self._ask("POST", path, body=body)

    def make(self, path: str, body: Json) -> Json:
        """Post what makes something; where the answer gets lost, ask again for the same thing."""
        key = str(uuid.uuid4())
        for pause in RETRY_PAUSES:
            try:
                return self._ask("POST", path, body=body, key=key)
            except UnreachableError:
                time.sleep(pause)
        return self._ask("POST", path, body=body, key=key)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Json | None = None,
        body: Json | None = None,
        key: str | None = None,
    ) -> Json:
        try:
            response = self._session.request(
                method,
                self.url + path,
                params=params,
                json=body,
                headers={"Idempotency-Key": key} if key else None,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self.url} is unreachable: {_cause(error)}") from None
        answer = _json_of(response)
        # A redirect is not followed: the token is for this address only.
        if not isinstance(answer, dict) or 300 <= response.status_code < 400:
            said = f"(HTTP {response.status_code})"
            raise UnreachableError(f"{self.url} did not answer as a Deployr backend {said}.")
        if response.status_code >= 500:
            detail = answer.get("detail") or response.reason
            raise UnreachableError(f"{self.url} answered with {response.status_code}: {detail}")
        if not response.ok:
            raise ApiError(response.status_code, answer)
        return answer


def _json_of(response: requests.Response) -> object:
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError:
        return None


def _cause(error: BaseException) -> str:
    """Return the innermost reason: what requests and urllib3 wrap around it helps nobody."""
    while isinstance(error.__context__, Exception):
        error = error.__context__
    return str(error) or type(error).__name__
