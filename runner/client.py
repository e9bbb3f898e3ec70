"""The backend's runner API: one method per endpoint; says which failures are worth a retry."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from pydantic import Field, ValidationError, field_validator
from requests.auth import AuthBase

from deployr import __version__
from deployr.tokens import TokenKind, is_wellformed
from deployr.wire import PROTOCOL, Wire

from .errors import (
    BackendError,
    ClaimLostError,
    LogGapError,
    TokenRefusedError,
    TooLargeError,
    UnreachableError,
)
from .spool import DEFAULT_CAP_BYTES

TIMEOUT = (5, 30)
"""Seconds to connect and between two bytes of an answer."""

MAX_RETRY_AFTER = 300.0
MAX_PAUSE = 3600.0
"""A backend that wants longer pauses than this (Infinity is JSON to Python) is none of ours."""

_RETRYABLE = frozenset({408, 425, 429})

_Answer = TypeVar("_Answer", bound=Wire)


class Registered(Wire):
    """Answer to `register`; the token is told this once."""

    runner_id: int
    name: str
    token: str
    poll_after: float = 5


class Rotated(Wire):
    """Answer to `token`; it is told this once."""

    token: str

    @field_validator("token")
    @classmethod
    def _is_whole(cls, token: str) -> str:
        if not is_wellformed(token, TokenKind.RUNNER):
            raise ValueError("is no runner's token")  # it would lock the runner out
        return token


class Candidate(Wire):
    """A queued job that this runner may claim."""

    job_id: int


class Poll(Wire):
    """What there is to do."""

    candidates: tuple[Candidate, ...] = ()
    cancel: tuple[int, ...] = ()
    """Jobs of this runner that a user wants stopped."""
    poll_after: float = Field(default=5, ge=0, le=MAX_PAUSE)


class JobReply(Wire):
    """Answer to every post about a job."""

    status: str
    cancel: bool = False
    lease_seconds: float = Field(default=300, gt=0, le=MAX_PAUSE)
    interval: float = Field(default=15, ge=0, le=MAX_PAUSE)
    ack: int = Field(default=0, ge=0)
    log_full: bool = False
    log_cap: int = Field(default=DEFAULT_CAP_BYTES, gt=0)
    """Bytes that the backend keeps of a log."""
    payload: str | None = None


class _Bearer(AuthBase):
    """Set as `auth` so that requests does not put credentials of a .netrc in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """Talks to one backend as one runner, from any thread.

    Every method may raise UnreachableError.
    """

    def __init__(self, url: str, token: str | Callable[[], str] = "") -> None:
        """`token` may be a function that returns the current one."""
        self._url = url.rstrip("/")
        self._token = token if callable(token) else lambda: token
        self._threads = threading.local()

    def register(self, body: dict[str, Any]) -> Registered:
        """Trade a one-time code for a token. Raises BackendError with the backend's advice."""
        answer = self._ask("POST", "/api/runner/register", body)
        return _parsed(Registered, answer)

    def rotate(self) -> str:
        """Return a new token; the old one goes on until some time after the first use of it.

        Raises TokenRefusedError, BackendError (`already_rotated`).
        """
        return _parsed(Rotated, self._ask("POST", "/api/runner/token", {})).token

    def poll(self, slots: int = 1) -> Poll:
        """Ask for work for so many free slots, without taking any. Raises TokenRefusedError."""
        path = f"/api/runner/jobs?slots={slots}&protocol={PROTOCOL}"
        return _parsed(Poll, self._ask("GET", path))

    def post_status(self, job_id: int, body: dict[str, Any]) -> JobReply:
        """Claim, heartbeat, log or end, as `body` says.

        Raises ClaimLostError, LogGapError, TooLargeError, TokenRefusedError, or BackendError
        (`not_claimable`).
        """
        return _parsed(JobReply, self._ask("POST", f"/api/runner/jobs/{job_id}/status", body))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        token = self._token()
        response = self._send(method, path, body, token)
        # Rotated in between; nothing has been done.
        if response.status_code == 401 and (newer := self._token()) != token:
            response = self._send(method, path, body, newer)
        if response.status_code == 413:  # often a web server's word, in HTML
            raise TooLargeError("the request is too large for this backend")
        answer = _json_of(response)
        if not isinstance(answer, dict):
            message = (
                f"{self._url} did not answer as a Deployr backend (HTTP {response.status_code})"
            )
            raise UnreachableError(message, _retry_after(response))
        if not 200 <= response.status_code < 300:
            raise _refusal(response, answer)
        return answer

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, token: str
    ) -> requests.Response:
        try:
            return self._session().request(
                method,
                self._url + path,
                json=body,
                auth=_Bearer(token),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self._url} is unreachable: {_cause(error)}") from None

    def _session(self) -> requests.Session:
        """Return the thread's own session: they are not made to be shared."""
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.headers["Accept"] = "application/json"
            session.headers["User-Agent"] = f"deployr-runner/{__version__}"
        return session


def _json_of(response: requests.Response) -> object:
    try:
        return response.json()
    except (requests.exceptions.JSONDecodeError, RecursionError):
        return None


def _refusal(response: requests.Response, answer: dict[str, Any]) -> Exception:
    """Return the error that an answer of 3xx, 4xx or 5xx stands for."""
    status = response.status_code
    detail, code = str(answer.get("detail") or response.reason), str(answer.get("code") or "")
    if status < 400 or status >= 500 or status in _RETRYABLE:
        return UnreachableError(f"HTTP {status}: {detail}", _retry_after(response))
    if status == 401:
        return TokenRefusedError(detail, code)
    if status == 410:
        return ClaimLostError(detail, code)
    if code == "log_gap":
        ack = answer.get("ack")
        return LogGapError(ack if isinstance(ack, int) and ack >= 0 else 0)
    return BackendError(detail, code)


def _retry_after(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER) if text.isdecimal() else 0.0


def _cause(error: Exception) -> str:
    """Return the innermost reason: what requests and urllib3 wrap around it helps nobody."""
    while error.__context__ is not None and isinstance(error.__context__, Exception):
        error = error.__context__
    return str(error) or type(error).__name__


def _parsed(kind: type[_Answer], answer: dict[str, Any]) -> _Answer:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreachableError(f"the answer is not a Deployr backend's: {where}") from None
