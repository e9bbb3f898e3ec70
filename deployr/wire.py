"""What travels between CLI, backend and runner. Writers are strict, readers ignore what is new."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from deployr.states import Action

PROTOCOL = 1
"""Version of the runner protocol, sent with register and poll."""

MIN_PROTOCOL = 1
"""Oldest runner protocol that the backend still speaks; older ones get 426."""

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 110 * 1024
"""Bodies stay below the request limit (128 KiB) of a shared host's web application firewall."""

_USUAL = bytes.maketrans(b"-_", b"+/")

DEFAULT_ENVIRONMENT = "production"

FullCommit = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
ProjectId = Annotated[int, Field(ge=1, le=10**18 - 1, strict=True)]
CommitRef = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{4,64})?$")]


class WireError(ValueError):
    """Bytes from the other side are not what the protocol says."""


class Wire(BaseModel):
    """A frozen value that ignores unknown fields, so that older readers survive newer writers."""

    # A process that starts for one request must not pay for the checks of all others.
    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore")

    def to_data(self) -> str:
        """Return the value as base64 of JSON: free text must not look like commands to a WAF."""
        return encode_base64(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the value as UTF-8 JSON."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_data(cls, data: str) -> Self:
        """Read what `to_data` wrote. Raises WireError."""
        return cls.from_bytes(decode_base64(data))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises WireError, also for duplicate keys."""
        try:
            # Of two equal keys pydantic's own parser takes the last without a word; but it refuses
            # what is no text (lone surrogates), which no database would store.
            json.loads(raw, object_pairs_hook=_unique_keys)
            return cls.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "value"
            raise WireError(f"{where}: {first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise WireError(f"not JSON: {error}") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise WireError("a key stands twice")
    return unique


def encode_base64(raw: bytes) -> str:
    """Return base64 of letters, digits, - and _ alone.

    A WAF reads the usual alphabet's + as a space: `+if+…==` is a Windows command to it.
    """
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode_base64(data: str) -> bytes:
    """Return the bytes of base64 in either alphabet, with its padding or none. Raises WireError."""
    padding = "" if data.endswith("=") else "=" * (-len(data) % 4)
    try:
        usual = (data + padding).encode("ascii").translate(_USUAL)
        return base64.b64decode(usual, validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise WireError("not base64") from None


def wrapped(fields: Mapping[str, object]) -> dict[str, str]:
    """Return a body, or a query, that holds `fields` where no WAF reads an address as an attack."""
    return {"data": encode_base64(json.dumps(dict(fields)).encode())}


class JobSpec(Wire):
    """What a runner is asked to do; the exact bytes travel untouched from the CLI to the runner.

    The runner acts on these bytes alone and still asks its own policy. Unix times in seconds.
    """

    v: Literal[1] = 1
    typ: Literal["deployr.job"] = "deployr.job"
    nonce: Annotated[str, StringConstraints(min_length=8, max_length=64)]
    project: str
    project_id: ProjectId | None = None
    """Of the backend; left out by clients that do not know it."""
    repo: str
    branch: str
    commit: CommitRef = ""
    """Full hash; a client that knows only the first API may send 4-64 hex digits or nothing,
    then the runner resolves it on the branch."""
    environment: str = DEFAULT_ENVIRONMENT
    action: Action = Action.DEPLOY
    params: dict[str, str] = {}
    """`path`: deploy root that the client expects; never an authority, only compared.
    `cache`: `no` builds without what earlier deployments left.
    `release`: which one a rollback goes to; left out, the good one before the live one.
    `force`: `yes` rolls back although migrations ran since."""
    audience: str = ""
    iat: int
    exp: int
    unsigned: bool = False
    """True when the backend wrote the bytes for a client that sent none."""


class Step(Wire):
    """Name, outcome and duration of one step of a deployment."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    seconds: Annotated[float, Field(ge=0)]
    ok: bool = True


class Release(Wire):
    """What the runner knows of the release that it made."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    commit: FullCommit
    state: Literal["building", "live", "good", "bad", "pruned"]
    migrations: int = 0


class Report(Wire):
    """Free text and facts that go with a status, sent as base64 in `data`."""

    detail: str | None = None
    """Why it failed, in one or a few lines, sanitised."""
    path: str | None = None
    """Deploy root on the server."""
    url: str | None = None
    """Where the app answers, if the runner knows."""
    commit: FullCommit | None = None
    release: Release | None = None
    """The one that the job made, or went back to."""
    releases: tuple[Release, ...] | None = None
    """All that stand on the server at the end, oldest first; `live` is what visitors get, and only
    `good` ones can be rolled back to. None: not looked at."""
    steps: tuple[Step, ...] = ()
