"""What outlives a runner that dies: one directory a job, removed once the backend knows it all."""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from deployr.wire import Release, Wire

from .files import full_disk, make_private_dir, sync_dir, write_atomically, write_durably
from .spool import Spool

MAX_BYTES = 50 * 1024 * 1024
"""What the journals of all jobs may hold together."""

CLAIM_FILE = "claim.json"
PROGRESS_FILE = "progress.json"
SWITCH_FILE = "switch.json"
END_FILE = "end.json"
LOG_FILE = "log"

_Kind = TypeVar("_Kind", bound=Wire)
_logger = logging.getLogger(__name__)


class Claim(Wire):
    """The claim that is about to be posted, or was."""

    job_id: int
    claim_id: str


class Progress(Wire):
    """The step that was begun last."""

    step: str


class Switch(Wire):
    """The release that is about to go live, or does; `current` in `root` tells which."""

    root: str
    release: Release
    is_account: bool = False
    """Whether `root` is in a hosting account."""
    host: str | None = None
    """The name of the host with the account; None: the runner's own."""


class Journal:
    """The files of one job. Writing never raises: `problem` says why the first write failed."""

    def __init__(self, directory: Path, claim: Claim) -> None:
        self.directory = directory
        self.job_id, self.claim_id = claim.job_id, claim.claim_id
        self._problem: str | None = None
        self._spool: Spool | None = None

    @classmethod
    def create(cls, directory: Path, claim: Claim) -> Self:
        """Begin a journal: after this, and not before, the claim may be posted."""
        journal = cls(directory, claim)
        try:
            make_private_dir(directory)
            sync_dir(directory.parent)
            write_durably(directory / CLAIM_FILE, claim.model_dump_json())
        except OSError as error:
            journal._note(error)
        return journal

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Return the journal that a dead runner left, or None when it had not posted its claim."""
        claim = _read(directory / CLAIM_FILE, Claim)
        return cls(directory, claim) if claim else None

    @property
    def problem(self) -> str | None:
        """Why it can't be written, as a sentence, or None."""
        return self._problem or (self._spool.problem if self._spool else None)

    @property
    def spool(self) -> Spool:
        """The log; opened when it is first asked for."""
        if self._spool is None:
            self._spool = Spool(self.directory / LOG_FILE)
        return self._spool

    def begin_step(self, step: str) -> None:
        """Note which step is at work."""
        # Without fsync: a power cut may take this word, and costs a push no time.
        self._write(PROGRESS_FILE, Progress(step=step).model_dump_json(), durable=False)

    def begin_switch(self, switch: Switch) -> None:
        """Note what is about to go live: whoever comes after a crash looks whether it did."""
        self._write(SWITCH_FILE, switch.model_dump_json(exclude_none=True))

    def write_end(self, body: Mapping[str, Any]) -> None:
        """Keep the final post: after this, and not before, it may be sent."""
        self._write(END_FILE, json.dumps(body))

    @property
    def step(self) -> str | None:
        """The step that was begun last."""
        found = _read(self.directory / PROGRESS_FILE, Progress)
        return found.step if found else None

    @property
    def switch(self) -> Switch | None:
        """What went live or was about to."""
        return _read(self.directory / SWITCH_FILE, Switch)

    @property
    def end(self) -> dict[str, Any] | None:
        """The final post, or None when the job had not ended."""
        try:
            found = json.loads((self.directory / END_FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and "status" in found else None

    def remove(self) -> None:
        """Forget the job."""
        self.spool.close()
        _remove(self.directory)

    def close(self) -> None:
        """Let go of the files; they stay for the next start."""
        self.spool.close()

    def _write(self, name: str, text: str, *, durable: bool = True) -> None:
        write = write_durably if durable else write_atomically
        try:
            write(self.directory / name, text)
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        self._problem = self._problem or full_disk(error)
        _logger.warning("job %s: %s", self.job_id, self._problem)


class Journals:
    """The journals of one runner, below its state directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, job_id: int, claim_id: str) -> Journal:
        """Begin the journal of a job, before its claim is posted."""
        try:
            make_private_dir(self._root)
        except OSError as error:
            _logger.warning("%s: %s", self._root, full_disk(error))
        journal = Journal.create(self._place(job_id), Claim(job_id=job_id, claim_id=claim_id))
        journal.spool.room = self.room
        return journal

    def holds(self, job_id: int) -> bool:
        """Tell whether there is a journal of the job."""
        return self._place(job_id).exists()

    def found(self) -> list[Journal]:
        """Return what a dead runner left, oldest job first; what never began is cleared away."""
        places = [place for place in self._entries() if place.name.isdecimal()]
        journals = []
        for place in sorted(places, key=lambda place: int(place.name)):
            if journal := Journal.read(place):
                journals.append(journal)
            else:
                _logger.warning("%s holds no claim: removed", place)
                _remove(place)
        return journals

    def room(self) -> int:
        """Return how many bytes all journals together may still grow."""
        return MAX_BYTES - sum(map(_size, self._entries()))

    def _place(self, job_id: int) -> Path:
        return self._root / str(job_id)

    def _entries(self) -> list[Path]:
        try:
            return list(self._root.iterdir())
        except OSError:
            return []


def _read(path: Path, kind: type[_Kind]) -> _Kind | None:
    """Return what a file holds, or None when it is missing, torn or somebody else's."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _size(directory: Path) -> int:
    try:
        return (directory / LOG_FILE).stat().st_size
    except OSError:
        return 0


def _remove(directory: Path) -> None:
    try:
        # First of all: without it the rest of a removal that a crash cut short means nothing.
        (directory / CLAIM_FILE).unlink(missing_ok=True)
        shutil.rmtree(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        _logger.warning("%s can't be removed: %s", directory, error)
