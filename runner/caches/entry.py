"""One kept directory and the note beside it, which says what it should hold."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..files import write_atomically
from .listing import Listing, list_directory


@dataclass(frozen=True)
class Slot:
    """The place of one entry: a project, its environment, and what it is."""

    project: str
    environment: str
    name: str
    """Where it is in the checkout."""


class Note(BaseModel):
    """What an entry holds, and from what it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    files: int
    size: int
    digest: str
    may_link: bool
    """Whether checkouts may have its files by hard links."""

    def agrees_with(self, listing: Listing | None) -> bool:
        """Tell whether nothing was written to since."""
        if listing is None:
            return False
        found = (listing.files, listing.size, listing.digest)
        return found == (self.files, self.size, self.digest)


@dataclass(frozen=True)
class Entry:
    """The directory of an entry, be it there or not."""

    place: Path

    @property
    def files(self) -> Path:
        """What is kept."""
        return self.place / "files"

    @property
    def _note(self) -> Path:
        return self.place / "note.json"

    def note(self) -> Note | None:
        """Return the note, or None when there is none that can be read."""
        try:
            return Note.model_validate_json(self._note.read_bytes())
        except (OSError, ValidationError):
            return None

    def listing(self) -> Listing | None:
        """Return what is really there, or None when it can't be read."""
        try:
            return list_directory(self.files)
        except OSError:
            return None

    def write_note(self, note: Note) -> None:
        """Say what the entry holds. Raises OSError."""
        write_atomically(self._note, note.model_dump_json())

    def touch(self) -> None:
        """Remember that it was used now: the note's time of change. Raises OSError."""
        self._note.touch()

    @property
    def last_use(self) -> float:
        """Unix time; 0 without a note."""
        try:
            return self._note.stat().st_mtime
        except OSError:
            return 0.0
