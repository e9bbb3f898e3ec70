"""Bearer tokens: a kind, 256 random bits and a checksum, so that typos and leaks are recognisable."""

import hashlib
import re
import secrets
import string
import zlib
from enum import StrEnum

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY_LENGTH = 43
_CHECKSUM_LENGTH = 6

TOKEN_PATTERN = re.compile(r"dp[urcs]_[0-9A-Za-z]{49}")
"""Matches every token that Deployr makes; used to keep them out of logs."""


class TokenKind(StrEnum):
    """Prefix of a token: who may use it for what."""

    USER = "dpu_"
    RUNNER = "dpr_"
    REGISTRATION_CODE = "dpc_"
    SESSION = "dps_"


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def make_token(kind: TokenKind) -> str:
    """Return a new random token; it is shown once and only its digest is ever stored."""
    body = kind + _base62(int.from_bytes(secrets.token_bytes(32)), _BODY_LENGTH)
    return body + _checksum(body)


def is_wellformed(token: str, kind: TokenKind) -> bool:
    """Tell whether `token` has the kind's prefix, the right length and a true checksum."""
    if not TOKEN_PATTERN.fullmatch(token) or not token.startswith(kind):
        return False
    return secrets.compare_digest(_checksum(token[:-_CHECKSUM_LENGTH]), token[-_CHECKSUM_LENGTH:])


def digest(token: str) -> str:
    """Return the SHA-256 hex digest under which a token is stored and looked up.

    256 random bits need no slow hash: nobody can try them out.
    """
    return hashlib.sha256(token.encode()).hexdigest()
