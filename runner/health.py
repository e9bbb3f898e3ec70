"""The health check: a page that must answer as deploy.yaml says."""

import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests

from deployr.sections import HealthCheck
from deployr.states import Reason

from .errors import JobFailedError
from .stop import StopFlag

TIMEOUT = 10.0
_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 1024 * 1024
_PIECE_BYTES = 16 * 1024


def wait_until_healthy(check: HealthCheck, stop: StopFlag, log: Callable[[str], None]) -> None:
    """Ask until the page answers as expected. Raises JobFailedError when it never does."""
    problem = ""
    until = time.monotonic() + (check.deadline or float("inf"))
    for attempt in range(1, check.attempts + 1):
        if attempt > 1 and time.monotonic() + check.interval > until:
            problem += f" (and the deadline of {check.deadline} s is over)"
            break
        if attempt > 1 and stop.wait(check.interval):
            raise JobFailedError(stop.reason or Reason.TIMEOUT, stop.detail)
        found = _problem(check)
        if found is None:
            log(f"{check.url} answers as it should (attempt {attempt})")
            return
        problem = found
        log(f"attempt {attempt} of {check.attempts}: {problem}")
    raise JobFailedError(Reason.HEALTH_CHECK_FAILED, f"{check.url}: {problem}")


def _problem(check: HealthCheck) -> str | None:
    """Ask once; say what is wrong with the answer, or return None."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            with get(session, check.url) as response:
                return _judge(check, response)
    except requests.RequestException as error:
        return f"no answer ({type(error).__name__})"


def get(session: requests.Session, url: str) -> requests.Response:
    """Follow redirects only within the same host: another one is not this app."""
    response = session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True)
    for _ in range(_MAX_REDIRECTS):
        goal = urljoin(url, response.headers.get("Location", ""))
        if not response.is_redirect or urlsplit(goal).hostname != urlsplit(url).hostname:
            break
        url = goal
        response.close()
        response = session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True)
    return response


def _judge(check: HealthCheck, response: requests.Response) -> str | None:
    if response.status_code != check.status:
        return f"status {response.status_code} instead of {check.status}"
    if check.text is not None and check.text not in _body(response).decode("utf-8", "replace"):
        return f"the page lacks the text {check.text!r}"
    return None


def _body(response: requests.Response) -> bytes:
    """Return the beginning of a page, however many pieces it comes in and however slowly."""
    body = bytearray()
    until = time.monotonic() + TIMEOUT
    for piece in response.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) >= _MAX_BODY_BYTES or time.monotonic() > until:
            break
    return bytes(body)
