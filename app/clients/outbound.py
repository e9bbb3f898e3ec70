"""Requests to other servers, which can neither lead us elsewhere, nor hold us up, nor flood us."""

import io
import time
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from app.safe_url import is_safe

TIMEOUT_SECONDS = 5.0
"""To connect, and between two pieces of an answer."""

TOTAL_SECONDS = 10.0
"""For the whole answer once it has begun."""

MAX_BYTES = 1024 * 1024
"""Of an answer."""

_PIECE = 64 * 1024


class OutboundError(requests.RequestException):
    """The other server's answer, or its address, is not one that we use."""


class _Guard(HTTPAdapter):
    """Sends what `requests` would, under the bounds of this module."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the signature of requests
        timeout: Any = None,  # noqa: ANN401, ARG002 - always ours
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the whole answer. Raises OutboundError, or what requests raises."""
        if not is_safe(request.url or ""):
            raise OutboundError("only https:// leaves this machine")
        request.headers["Accept-Encoding"] = "identity"  # what is packed may unpack to anything
        answer = super().send(
            request, stream=True, timeout=TIMEOUT_SECONDS, verify=verify, cert=cert, proxies=proxies
        )
        with answer:
            # Whoever redirects chooses the address: of a service in our own network, perhaps.
            if answer.is_redirect:
                raise OutboundError("redirects are not followed")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise OutboundError("the answer is packed")
            whole = _read(answer)
        answer.raw = io.BytesIO(whole)
        return answer


def guarded(session: requests.Session) -> requests.Session:
    """Put a session under the bounds of this module.

    Proxies of the environment stay in use. A request without `auth` gets none: what a .netrc
    knows is not for other servers.
    """
    session.auth = session.auth or _no_auth
    session.mount("https://", _Guard())
    session.mount("http://", _Guard())
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(answer: requests.Response) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    whole = bytearray()
    try:
        # read1 returns what is there: a server that drips must not escape the deadline.
        while piece := answer.raw.read1(_PIECE, decode_content=False):
            whole += piece
            if len(whole) > MAX_BYTES or time.monotonic() > deadline:
                raise OutboundError("the answer is too long")
    except (HTTPError, OSError) as error:
        raise OutboundError(str(error)) from None
    return bytes(whole)
