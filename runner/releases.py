"""The record of releases: which were good, what they ran, and which may go."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from deployr.states import Framework
from deployr.wire import Release, Step, Wire, WireError

_NAME = re.compile(r"\d{14}-\d+")
_ADOPTED = re.compile(r"\d{14}-0")
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

MAX_FORGOTTEN = 200
"""Removed releases that the record still names after it was tidied up."""

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
    framework: Framework | None = None
    steps: tuple[Step, ...] = ()
    migrations: tuple[str, ...] = ()
    """Names of the database migrations that it ran, oldest first."""
    before: str = ""
    """The release that was live when it was switched to."""
    manifest: dict[str, Any] = {}
    """Its deploy.yaml without what is default: a rollback restarts and checks as it says."""


def release_name(now: datetime, job_id: int) -> str:
    """Return the name of a new release; names sort by time."""
    return f"{now:%Y%m%d%H%M%S}-{job_id}"


def is_adopted(name: str) -> bool:
    """Tell whether a release was live before Deployr came: no job made it."""
    return _ADOPTED.fullmatch(name) is not None


def utc_now() -> str:
    """Return the time as records hold it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> dict[str, Record]:
    """Return the last record of each release; torn lines of a crash are skipped.

    They are in the order in which the releases were made.
    """
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
    return json.dumps(record.model_dump(mode="json", exclude_defaults=True)) + "\n"


def pruned(record: Record) -> Record:
    """Return what is kept of a release that was removed: its migrations stay in the database."""
    return record.model_copy(
        update={"state": "pruned", "at": utc_now(), "steps": (), "manifest": {}}
    )


def tidy(records: Mapping[str, Record], present: Collection[str]) -> str:
    """Return the text of a record that has forgotten what was removed long ago."""
    gone = [name for name in records if name not in present]
    forgotten = set(gone[:-MAX_FORGOTTEN])
    return "".join(render(record) for name, record in records.items() if name not in forgotten)


def previous(records: Mapping[str, Record], present: Collection[str], live: str) -> str | None:
    """Return the good release that was live before `live`, or None.

    After a rollback that is not the one that was made before it: that one was left.
    """
    names = list(records)
    earlier = names[: names.index(live)] if live in records else names
    good = [name for name in earlier if name in present and records[name].state == "good"]
    before = records[live].before if live in records else ""
    if before in good:
        return before
    return good[-1] if good else None


def superfluous(
    present: Collection[str], records: Mapping[str, Record], live: str | None, keep: int
) -> Collection[str]:
    """Return which of the `present` releases may be removed.

    The `keep` newest good ones stay, the live one and the one before it. Directories that Deployr
    did not name are not ours, nor is an adopted one: it may hold what no repository has.
    """
    ours = [name for name in present if _NAME.fullmatch(name)]
    # The record is in order of time, even where the clock was set back.
    good = [name for name in records if records[name].state == "good" and name in ours]
    before = previous(records, ours, live) if live else None
    kept = {*good[-keep:], live, before}
    return [name for name in ours if name not in kept and not is_adopted(name)]


def standing(
    present: Iterable[str], records: Mapping[str, Record], live: str | None
) -> tuple[Release, ...]:
    """Return what stands on the server as the backend is told, oldest first."""
    there = set(present)
    return tuple(
        Release(
            name=name,
            commit=record.commit,
            state="live" if name == live else record.state,
            migrations=len(record.migrations),
        )
        for name, record in records.items()
        if name in there and _FULL_COMMIT.fullmatch(record.commit)
    )


def ran_since(records: Mapping[str, Record], goal: str) -> list[str]:
    """Return the migrations that later releases than `goal` ran, oldest first."""
    names = list(records)
    later = names[names.index(goal) + 1 :]
    return list(dict.fromkeys(each for name in later for each in records[name].migrations))
