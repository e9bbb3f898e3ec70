"""A browser's way to GitHub and back: what it carries, and what it proves with it."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, ValidationError

from app.clock import utcnow
from app.config import settings
from app.errors import BadRequest
from app.models import User
from app.secret_key import keyed_hash
from app.services.admission import Proof, admit

LASTS = timedelta(minutes=10)
"""How long one may take to sign in at GitHub."""

# Browsers take `//host` and `/\host` for other hosts, and leave out tabs and line ends.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,500}")


class Ticket(BaseModel):
    """What the browser keeps meanwhile, signed; of no use without the answer to `state`."""

    state: str
    ends: float
    next: str

    def sign(self) -> str:
        """Return it as the browser keeps it."""
        return str(_serializer().dumps(self.model_dump()))

    @classmethod
    def read(cls, text: str, state: str) -> "Ticket":
        """Return the ticket of a browser that comes back with a state.

        Raises BadRequest when it did not set out, or too long ago, or has come back already.
        """
        try:
            ticket = cls.model_validate(_serializer().loads(text))
        except (BadData, ValidationError):
            raise _over() from None
        if not hmac.compare_digest(ticket.state.encode(), state.encode()):
            raise _over()
        if ticket.ends <= utcnow().timestamp():
            raise _over()
        return ticket

    @property
    def verifier(self) -> str:
        """The secret of PKCE: made from the state by our key, so that no browser holds it."""
        return keyed_hash("pkce", self.state)


def set_out(redirect_uri: str, then: str) -> tuple[str, Ticket]:
    """Return the address at GitHub, and the ticket back. Raises Unavailable."""
    ends = (utcnow() + LASTS).timestamp()
    ticket = Ticket(state=secrets.token_urlsafe(32), ends=ends, next=local_path(then))
    hashed = hashlib.sha256(ticket.verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    from app.clients.github import GithubApp  # noqa: PLC0415 - it costs 6 MB, and few sign in

    return GithubApp(settings()).sign_in_url(redirect_uri, ticket.state, challenge), ticket


def arrive(ticket: Ticket, code: str, redirect_uri: str) -> User:
    """Return who it is that comes back from GitHub. Raises BadRequest, and as `admit`."""
    if not code:
        raise BadRequest("sign_in_refused", "GitHub did not let you in: begin anew, and agree.")
    return admit(Proof(code=code, redirect_uri=redirect_uri, verifier=ticket.verifier))


def local_path(text: str) -> str:
    """Return a path of this backend's pages; "/" for all that may lead elsewhere."""
    return text if _LOCAL_PATH.fullmatch(text) else "/"


def _over() -> BadRequest:
    return BadRequest("sign_in_over", "This sign-in is over, or began elsewhere: begin anew.")


def _serializer() -> URLSafeSerializer:
    key = str(current_app.secret_key)
    return URLSafeSerializer(key, "sign-in", signer_kwargs={"digest_method": hashlib.sha256})
