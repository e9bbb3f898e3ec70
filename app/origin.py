"""Where a request comes from: for the audit log, the logs and rate limits."""

import secrets
from dataclasses import dataclass

from flask import g, has_request_context, request


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The client's address, and the id that marks all that is said about its request."""

    address: str
    request_id: str


LOCAL = Origin(address="local", request_id="")
"""A command at the server's own shell."""


def origin() -> Origin:
    """Return where the current request comes from; LOCAL outside of one."""
    if not has_request_context():
        return LOCAL
    if "origin" not in g:
        address = (request.remote_addr or "unknown")[:45]
        g.origin = Origin(address=address, request_id=secrets.token_hex(8))
    found: Origin = g.origin
    return found
