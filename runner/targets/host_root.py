"""What stands in a deploy root on a host: looked at once, and remembered through our own changes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from .. import releases
from ..hosts.host import Files, HostError, Snapshot
from .target import Pruned

_META = ".deployr"
_TIDY_BYTES = 1024 * 1024


class HostRoot:
    """A deploy root with `releases/`, `shared/` and the link `current`; methods raise HostError."""

    def __init__(self, files: Files, root: str) -> None:
        self._files = files
        self._root = root
        self._asked: tuple[str, ...] = ()
        self._seen: Snapshot | None = None

    def look(self, shared: Sequence[str] = ()) -> Snapshot:
        """Look anew, also whether the files `shared` are there; needed after others' changes."""
        self._asked = tuple(dict.fromkeys((*self._asked, *shared)))
        self._seen = self._files.snapshot(self._root, self._asked)
        return self._seen

    @property
    def seen(self) -> Snapshot:
        """What stands there, with what was changed through this object."""
        return self._seen or self.look()

    def path(self, *names: str) -> str:
        """Return the path of something in the root."""
        return "/".join((self._root, *names))

    def prepare(self) -> None:
        """Make the directories that are missing."""
        self._files.make_dirs(*(self.path(name) for name in ("releases", "shared", _META)))

    def has_shared(self, name: str) -> bool:
        """See Target."""
        return name in (self.seen if name in self._asked else self.look((name,))).shared

    def write_shared(self, name: str, text: str) -> None:
        """See Target."""
        data = text.encode(errors="surrogateescape")
        self._files.write(self.path("shared", name), data)
        self._seen = None

    def read_note(self, name: str) -> str | None:
        """See Target."""
        found = self.seen.notes.get(name)
        return None if found is None else found.decode(errors="replace")

    def write_note(self, name: str, text: str | None) -> None:
        """See Target."""
        notes = {key: value for key, value in self.seen.notes.items() if key != name}
        if text is None:
            self._files.remove(self.path(_META, name))
        else:
            notes[name] = text.encode()
            self._files.write(self.path(_META, name), notes[name])
        self._seen = replace(self.seen, notes=notes)

    def activate(self, live: str) -> None:
        """See Target. After a failure the host is asked again what is live."""
        seen, self._seen = self.seen, None
        self._files.link(live, self.path("current"))
        self._seen = replace(seen, live=live)

    def live_release(self) -> str | None:
        """See Target."""
        return PurePosixPath(live).name if (live := self.seen.live) else None

    def records(self) -> dict[str, releases.Record]:
        """See Target."""
        return releases.parse(self.seen.record)

    def record(self, record: releases.Record) -> None:
        """See Target. A line that a crash tore is ended first: it would swallow this one."""
        seen, self._seen = self.seen, None
        torn = seen.record[-1:] not in {"", "\n"}
        line = ("\n" if torn else "") + releases.render(record)
        self._files.append(self.path(_META, "releases.jsonl"), line.encode())
        self._seen = replace(seen, record=seen.record + line)

    def present(self) -> list[str]:
        """See Target."""
        return sorted(self.seen.releases)

    def added(self, release: str) -> None:
        """Remember a release that was sent."""
        known = [name for name in self.seen.releases if name != release]
        self._seen = replace(self.seen, releases=(*known, release))

    def discard(self, *names: str) -> None:
        """Remove releases with what is kept of them, all in one go."""
        seen, self._seen = self.seen, None
        kinds = ("releases/", f"{_META}/manifests/", f"{_META}/incoming-")
        self._files.remove(*(self.path(kind + name) for name in names for kind in kinds))
        self._seen = replace(seen, releases=tuple(n for n in seen.releases if n not in names))

    def prune(self, keep: int) -> Pruned:
        """See Target."""
        records = self.records()
        gone = sorted(releases.superfluous(self.present(), records, self.live_release(), keep))
        # First the notes: what is half removed must not be rolled back to.
        for name in gone:
            if (record := records.get(name)) and record.state != "pruned":
                self.record(releases.pruned(record))
        result = Pruned()
        try:
            if gone:
                self.discard(*gone)
                result.gone = gone
        except HostError as error:
            result.stuck = [str(error)]
        if len(self.seen.record) > _TIDY_BYTES:
            text = releases.tidy(self.records(), self.present())
            self._files.write(self.path(_META, "releases.jsonl"), text.encode())
            self._seen = replace(self.seen, record=text)
        return result
