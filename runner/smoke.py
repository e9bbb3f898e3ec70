"""The smoke start: a server that the app brings along answers on a spare port, or not."""

import collections
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from deployr.states import Reason

from .errors import JobFailedError
from .shell import Command, Shell
from .stop import StopFlag

START_SECONDS = 30.0
_ASK_SECONDS = 10.0
PAUSE_SECONDS = 0.1
_BAD_ANSWERS = 3
_KEPT_CHUNKS = 64
_KEPT_BYTES = 8 * 1024


def smoke_start(
    argv: tuple[str, ...],
    directory: Path,
    page: str,
    *,
    env: Mapping[str, str],
    shell: Shell,
    stop: StopFlag,
) -> float:
    """Start a server on a spare port, ask it for `page`, end it; return the seconds it took.

    Raises JobFailedError with the end of the server's output when it does not answer well.
    """
    said: collections.deque[bytes] = collections.deque(maxlen=_KEPT_CHUNKS)
    begun = time.monotonic()
    with _spare_port() as port:
        address = {"PORT": str(port), "HOSTNAME": "127.0.0.1"}
        command = Command(argv=argv, cwd=directory, env={**env, **address})
        with shell.started(command, said.append) as exit_code:
            problem = _ask_until_well(f"http://127.0.0.1:{port}{page}", exit_code, stop)
            took = time.monotonic() - begun
    if problem:
        output = b"".join(said)[-_KEPT_BYTES:].decode(errors="replace")
        raise JobFailedError(
            Reason.HEALTH_CHECK_FAILED,
            f"the new release, started on a spare port, is not well and was not switched to: "
            f"`{command.title}` {problem}\n{output}".rstrip(),
        )
    return took


@contextmanager
def _spare_port() -> Iterator[int]:
    """Keep a port that the kernel gives to nobody else during the block.

    It is bound but not listened on, so that a server that allows reuse, as Node.js does, has it.
    Only Linux shares such a port.
    """
    with socket.socket() as spare:
        spare.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        spare.bind(("127.0.0.1", 0))
        port: int = spare.getsockname()[1]
        if sys.platform != "linux":
            spare.close()
        yield port


def _ask_until_well(url: str, exit_code: Callable[[], int | None], stop: StopFlag) -> str | None:
    """Say what is wrong with the server, or return None once it answers well."""
    until = time.monotonic() + START_SECONDS
    problem = f"gave no answer within {START_SECONDS:g} s"
    bad_answers = 0
    while time.monotonic() < until and bad_answers < _BAD_ANSWERS:
        if (code := exit_code()) is not None:
            return f"ended with exit code {code}"
        status = _status(url, min(_ASK_SECONDS, until - time.monotonic()))
        # A redirect is an answer, wherever it leads: apps send visitors to their real address.
        if status is not None and status < requests.codes.bad_request:
            return None
        if status is not None:
            bad_answers += 1
            problem = f"answers {status}; another page can be named as nextjs.smoke_check"
        if stop.wait(PAUSE_SECONDS * (10 if bad_answers else 1)):
            raise JobFailedError(stop.reason or Reason.TIMEOUT, stop.detail)
    return problem


def _status(url: str, seconds: float) -> int | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=seconds, allow_redirects=False, stream=True)
            with answer:
                return answer.status_code
    except requests.RequestException:
        return None
