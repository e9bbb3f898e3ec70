"""The record of releases: which were good, and which may go."""

import json
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from deployr.wire import Wire, WireError

_NAME = re.compile(r"\d{14}-\d+")

State = Literal["building", "live", "good", "bad", "pruned"]


class Record(Wire):
    """One line of releases.jsonl; the last line of a release counts."""

    release: str
    state: State
    job: int
    commit: str
    branch: str
    at: str
    """RFC 3339, UTC."""


def release_name(now: datetime, job_id: int) -> str:
    """Return the name of a new release; names sort by time."""
    return f"{now:%Y%m%d%H%M%S}-{job_id}"


def parse(text: str) -> dict[str, Record]:
    """Return the last record of each release; torn lines of a crash are skipped."""
    found: dict[str, Record] = {}
    for line in text.splitlines():
        try:
            record = Record.from_bytes(line.encode())
        except WireError:
            continue
        found[record.release] = record
    return found


def render(record: Record) -> str:
    """Return the line of a record."""
    return json.dumps(record.model_dump()) + "\n"


def superfluous(
    present: Iterable[str], records: dict[str, Record], live: str | None, keep: int
) -> Collection[str]:
    """Return which of the `present` releases may be removed.

    Only good ones count towards `keep`. Directories that Deployr did not name are not ours.
    """
    ours = [name for name in present if _NAME.fullmatch(name)]
    # The record is in order of time, even where the clock was set back.
    good = [name for name in records if records[name].state == "good" and name in ours]
    kept = {*good[-keep:], live}
    return [name for name in ours if name not in kept]
