"""The shared `.env`: written from the owner's env file, and never over what somebody else edited."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from ..context import Context
from ..envfile import values_of

ENV_FILE = ".env"
_MARKS = "env.json"
_REMEMBERED = 2  # a crash between both files leaves the last text or the one before


def problems(ctx: Context) -> list[str]:
    """Say what is wrong with the app's `.env`, without telling any value."""
    shared = ctx.target.shared_path(ENV_FILE)
    try:
        text = ctx.target.shared_text(ENV_FILE)
    except PermissionError:
        return [f"{shared} can't be read by this user: chown or chgrp it, or move it away"]
    current = values_of(text or "")
    if ctx.task.env_text is None:
        return [] if current else [_missing(ctx, shared)]
    stored = values_of(ctx.task.env_text)
    if text is None or current == stored:
        return []
    known = _read_marks(ctx)
    if any(_is_marked(current, marks) for marks in known):
        return []
    return [_edited(ctx, shared, _differences(current, known[-1] if known else _mark(stored)))]


def write(ctx: Context) -> None:
    """Write the shared `.env`, unless its owner keeps it there and nowhere else."""
    shared = ctx.target.shared_path(ENV_FILE)
    if ctx.task.env_text is None:
        ctx.log.line(f"using {shared} as it is; {_import_line(ctx)} takes it into the runner")
        return
    marks = [*_read_marks(ctx), _mark(values_of(ctx.task.env_text))][-_REMEMBERED:]
    ctx.target.write_note(_MARKS, json.dumps(marks) + "\n")
    ctx.target.write_shared(ENV_FILE, ctx.task.env_text)


def _missing(ctx: Context, shared: Path) -> str:
    return (
        f"the app needs its .env: write it to {ctx.task.env_file} on the server (`deployr-runner env "
        f"set` does, readable by its user only: chmod 600), or put one that sets something at {shared}"
    )


def _edited(ctx: Context, shared: Path, differences: str) -> str:
    return (
        f"{shared} was edited: {differences}. Take it over with `{_import_line(ctx)}`, or move it "
        f"away (mv {shared} {shared}.edited) to have it written from {ctx.task.env_file} again"
    )


def _import_line(ctx: Context) -> str:
    project, environment = ctx.task.entry.key, ctx.task.entry.environment
    option = "" if environment == "production" else f" --environment {environment}"
    shared = ctx.target.shared_path(ENV_FILE) if ctx.target.is_here else "COPY-OF-THAT-FILE"
    return f"deployr-runner env import {project}{option} {shared}"


def _mark(values: Mapping[str, str]) -> dict[str, str]:
    """Return what recognises each value and does not tell it, by name."""
    marks = {}
    for name, value in values.items():
        salt = secrets.token_hex(16)
        marks[name] = f"{salt}:{_digest(salt, value)}"
    return marks


def _digest(salt: str, value: str) -> str:
    return hashlib.sha256(f"{salt}:{value}".encode("utf-8", "surrogateescape")).hexdigest()


def _is_same(value: str, mark: str) -> bool:
    salt, _, digest = mark.partition(":")
    return _digest(salt, value) == digest


def _is_marked(values: Mapping[str, str], marks: Mapping[str, str]) -> bool:
    return values.keys() == marks.keys() and all(
        _is_same(value, marks[name]) for name, value in values.items()
    )


def _differences(values: Mapping[str, str], marks: Mapping[str, str]) -> str:
    """Name the keys that were added, removed and changed."""
    both = values.keys() & marks.keys()
    found = {
        "added": values.keys() - marks.keys(),
        "removed": marks.keys() - values.keys(),
        "changed": {name for name in both if not _is_same(values[name], marks[name])},
    }
    return "; ".join(
        f"{word}: {', '.join(sorted(names))}" for word, names in found.items() if names
    )


def _read_marks(ctx: Context) -> list[dict[str, str]]:
    """Return the marks of what was written last, newest last; none when they can't be read."""
    try:
        found: list[dict[str, str]] = json.loads(ctx.target.read_note(_MARKS) or "[]")
    except (OSError, ValueError):
        return []
    return found
