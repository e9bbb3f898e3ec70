"""A host without a runner of its own: another machine by SSH, or the hosting account we run in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from ..stop import StopFlag

Sink = Callable[[bytes], object]
Kind = Literal["file", "dir", "link", "none"]
_FULL = ("No space left on device", "Disk quota exceeded")
_MAKE_ROOM = ": the disk or the quota there is full, make room and push again"


class HostError(OSError):
    """The host can't be reached, or does not do what it was asked for.

    An OSError, so that steps fail on it as on a local disk: `strerror` is the sentence to show.
    """

    def __init__(self, detail: str, path: str | None = None) -> None:
        is_full = any(word in detail for word in _FULL)
        advice = _MAKE_ROOM if is_full and _MAKE_ROOM not in detail else ""
        super().__init__(None, detail + advice, path)

    def __str__(self) -> str:
        """Leave out the number that an OSError begins with."""
        return f"{self.strerror}: {self.filename}" if self.filename else str(self.strerror)


class LostError(HostError):
    """The connection broke: what was asked for may have been done, in part or not at all."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a host can do, found out once and kept."""

    shell: Literal["full", "jailed", "none"]
    """`none`: SFTP alone."""
    home: str
    tools: frozenset[str] = frozenset()
    """Which of the programs that Deployr could use are there; also `cp -al` and `mv -T`."""
    php: Mapping[str, str] = field(default_factory=dict)
    """Version, as `8.3.12`, to the absolute path of that PHP."""
    node: Mapping[str, str] = field(default_factory=dict)
    glibc: str | None = None
    machine: str | None = None
    """As `uname -m` says."""
    free_bytes: int | None = None
    free_inodes: int | None = None
    """What the quota leaves, else the file system; None: unknown."""
    can_write: bool = True
    """Whether the home may be written to."""
    hard_links: bool = False
    symlinks: bool = False


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What stands in a deploy root, as of one look."""

    live: str | None
    """What the link `current` says."""
    releases: tuple[str, ...]
    record: str
    """Text of releases.jsonl."""
    shared: frozenset[str]
    """Which of the names that were asked for are shared files that are not empty."""
    envs: Mapping[str, bytes]
    """The shared `.env*` files by name."""
    notes: Mapping[str, bytes]
    """Small files in `.deployr/` by name, but the record."""


class Entry(NamedTuple):
    """A file, directory or link of a tree that is sent; a tuple, as there are many."""

    path: str
    """Relative, with slashes; as the file system has it (surrogateescape)."""
    kind: Literal["file", "dir", "link"]
    mode: int
    """Permission bits."""
    size: int = 0
    mtime: int = 0
    """Whole seconds."""
    goal: str = ""
    """Of a link: what it says."""


class Files(Protocol):
    """The file system of a host: absolute paths, methods raise HostError.

    Each method is as few round trips as the host allows: one where there is a shell.
    """

    def snapshot(self, root: str, shared: Sequence[str]) -> Snapshot:
        """Look at a deploy root; a missing one is an empty Snapshot."""

    def read(self, path: str) -> bytes | None:
        """Return a small file; None: there is none."""

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Replace a small file, whole or not at all; directories on the way are made."""

    def append(self, path: str, data: bytes) -> None:
        """Add to a file of mode 0600, which is made when it is missing."""

    def make_dirs(self, *paths: str) -> None:
        """Make directories, with those on the way; existing ones are fine."""

    def link(self, goal: str, path: str) -> None:
        """Put a symbolic link at `path` in place of a link or file there, in one step.

        Where the host has no atomic rename over an existing name, in two.
        """

    def rename(self, old: str, new: str) -> None:
        """Rename; fails when `new` exists and is a directory."""

    def remove(self, *paths: str) -> None:
        """Remove with all that is below, links not followed; a missing one is fine."""

    def kind(self, path: str) -> Kind:
        """Tell what is at `path`; a link is not followed."""


class Sender(Protocol):
    """Sends trees to a host."""

    def send(
        self,
        tree: Path,
        goal: str,
        previous: str | None,
        progress: "Progress",
        *,
        verify: bool = False,
    ) -> None:
        """Make the directory `goal` hold exactly what `tree` holds, all of it or nothing.

        What the release `previous` (a directory beside `goal`) has alike is taken from there, with
        `verify` only after a look at every byte. It counts as done only after verification. Raises
        HostError.
        """


class Progress(Protocol):
    """Hears how far a transfer is."""

    def __call__(self, files: int, of_files: int, bytes_: int, of_bytes: int) -> None: ...


class Host(Protocol):
    """A host, connected when it is first needed."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def probe(self) -> Probe:
        """What it can do, as was found out within a day."""

    @property
    def files(self) -> Files:
        """Its file system."""

    @property
    def sender(self) -> Sender:
        """What sends trees there."""

    @property
    def round_trips(self) -> int:
        """How often we waited for its answer so far, connecting not counted."""

    def look(self) -> Probe:
        """Find out anew what it can do. Raises HostError."""

    def run(
        self,
        script: str,
        *,
        stdin: Iterable[bytes] = (),
        sink: Sink,
        stop: StopFlag | None = None,
        seconds: float | None = None,
    ) -> int:
        """Run a script by /bin/sh and return its exit code; both its outputs go to `sink`.

        `script` may be seen by others on the host: what is secret goes to `stdin`. When stopped,
        or after `seconds`, it is ended with all that it started: raises JobFailedError. What
        `stdin` raises ends it too. Raises HostError.
        """

    def ask(self, script: str, stdin: Iterable[bytes] = ()) -> bytes:
        """Return what a script writes to its standard output.

        Raises HostError, with what it wrote to its error output, when its exit code is not 0.
        """

    def end(self, mark: str) -> None:
        """End what was started there with `mark` and still runs. Raises HostError."""

    def close(self) -> None:
        """Let go of the connection."""
