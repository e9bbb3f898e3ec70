"""What every kind of place that an app is deployed to can do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deployr.manifest import Manifest

from ..allowlist import Allow
from ..preflight import Finding
from ..recipes import App, Recipe
from ..releases import Record
from ..shell import Command, Shell, Sink
from ..stop import StopFlag


@dataclass
class Pruned:
    """What was removed, and why the rest could not be."""

    gone: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How a job wants its target to work."""

    verify: bool
    """Whether what a new release takes over from older ones is looked at byte by byte."""
    say: Callable[[str], object]
    """Writes a line into the job's log."""
    stop: StopFlag
    """Ends what may be ended."""


class Commander(Protocol):
    """Runs commands where the releases are."""

    def run(
        self, command: Command, sink: Sink, *, marked: bool = True, seconds: float | None = None
    ) -> None:
        """See Shell."""


class Target(Protocol):
    """One deploy root: releases side by side, what they share, and which of them is live."""

    @property
    def root(self) -> Path:
        """The deploy root."""

    @property
    def is_here(self) -> bool:
        """Whether paths there are paths of this machine."""

    def exists(self) -> bool:
        """Whether the deploy root is there."""

    def close(self) -> None:
        """Let go of the connection, where there is one."""

    def commander(self, shell: Shell) -> Commander:
        """Return what runs commands there; `shell` says what stops them."""

    def secrets(self) -> dict[str, str]:
        """Return what the env files there set, by name."""

    def findings(self, entry: Allow) -> list[Finding]:
        """Say what is wrong with the place that the owner gave for `entry`; change nothing."""

    def serve(self, public: str | None) -> None:
        """Say which directory of a release visitors get, "": all of it; None: it is a server."""

    def lacks(self, app: App, recipe: Recipe, manifest: Manifest) -> list[Finding]:
        """Say what the app wants that this kind of place does not have."""

    def prepare(self) -> None:
        """Make the directories that are missing. Raises OSError."""

    def clear_leftovers(self, files: Sequence[str]) -> None:
        """Remove what killed deployments left of shared `files`; only under the lock."""

    def lock(self) -> bool:
        """Keep other deployments out until `unlock`; tell whether nobody else had done so."""

    @property
    def is_locked(self) -> bool:
        """Whether this object holds the lock."""

    def unlock(self) -> None:
        """Let other deployments in; harmless when there is no lock."""

    def has_shared(self, name: str) -> bool:
        """Tell whether `name` is among the shared files and not empty."""

    def shared_path(self, name: str) -> Path:
        """Return where a shared file is, or would be."""

    def shared_text(self, name: str) -> str | None:
        """Return what a shared file holds, None: there is none. Raises PermissionError."""

    def write_shared(self, name: str, text: str) -> None:
        """Replace a shared file, readable by its owner only."""

    def release_path(self, release: str) -> Path:
        """Return where a release is, or will be."""

    def read_note(self, name: str) -> str | None:
        """Return a small text that Deployr keeps there for itself, or None."""

    def write_note(self, name: str, text: str | None) -> None:
        """Replace such a text, readable by the runner only; None removes it."""

    def receive(self, tree: Path, release: str) -> Path:
        """Take over a built tree as `release`: all of it, or nothing.

        Returns where its files can be looked at on this machine.
        """

    def look_into(self, release: str, names: Sequence[str]) -> Path:
        """Return a directory of this machine with the files of a release that match `names`.

        They are patterns as of `Path.glob`; there may be more.
        """

    def keep_assets(self, release: str, static: str, earlier: Sequence[str]) -> int:
        """Put the own files below `static` of earlier releases into one that lacks them.

        Returns how many those were.
        """

    def link(self, release: str, dirs: Sequence[str], files: Sequence[str]) -> None:
        """Put links to what is shared into `release`; what has no shared copy yet gives its own.

        Raises JobFailedError for a path that leads out of the release.
        """

    def live(self) -> str | None:
        """Return what is live, to be handed to `activate` later, or None."""

    def activate(self, live: str) -> None:
        """Make `live` (of `live` or `live_name`) what visitors get, in one step."""

    def take_back(self) -> bool:
        """Give visitors what they had before the first release; tell whether there is a way to."""

    def forget_code(self, url: str) -> str | None:
        """Have the PHP behind `url` forget the code that it knows; return why it does not."""

    def live_path(self) -> Path:
        """Return where what is live stands."""

    def live_name(self, release: str) -> str:
        """Return what `live` returns while `release` is live."""

    def discard(self, release: str) -> None:
        """Remove a release that never was live."""

    def records(self) -> dict[str, Record]:
        """Return the last record of each release, in the order in which they were made."""

    def record(self, record: Record) -> None:
        """Note what became of a release."""

    def present(self) -> list[str]:
        """Return the names of the releases that are there."""

    def live_release(self) -> str | None:
        """Return the name of the live release, or None."""

    def prune(self, keep: int) -> Pruned:
        """Remove superfluous releases, as many as can be.

        The live one, the good one before it and the `keep` newest good ones stay.
        """


class OwnServer:
    """What is to be done of it where the place is a server of one's own: nothing."""

    def close(self) -> None:
        """See Target."""

    def serve(self, public: str | None) -> None:
        """See Target."""

    def lacks(self, app: App, recipe: Recipe, manifest: Manifest) -> list[Finding]:  # noqa: ARG002
        """See Target."""
        return []

    def take_back(self) -> bool:
        """See Target."""
        return False

    def forget_code(self, url: str) -> str | None:  # noqa: ARG002 - its services are restarted
        """See Target."""
        return None
