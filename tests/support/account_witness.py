"""Somebody who looks at a document root all the time, and what a deployment may leave behind."""

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.support.account_site import AccountSite
from tools.demo.processes import pauses

NAMES = ("index.html", "a/page.html", "a/b/page.html", "z.html")
_PAUSE_SECONDS = 0.002
_PATIENCE_SECONDS = 60
_OURS = re.compile(r"releases\.jsonl|manifests|docroot|docroot-before|bin|php|assets")


def pages(version: int) -> dict[str, str]:
    """Return the files of a version; each says which it is, from its beginning to its end."""
    return dict.fromkeys(NAMES, f"version-{version}.\n" * 2000)


class Witness:
    """Reads a document root in a thread, as often as it can; every look is of one directory."""

    def __init__(self, docroot: Path) -> None:
        self._docroot = docroot
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: list[int] = []
        """The versions, in order of time and without repetition."""
        self.torn: list[str] = []
        """What was no whole version."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._until(lambda: self.seen or self.torn)
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join()

    def has_seen(self, version: int) -> bool:
        """Wait until a look shows the version; tell whether one did."""
        return self._until(lambda: version in self.seen)

    def read(self) -> int:
        """Return the version of all the pages. Raises ValueError, or OSError."""
        place = os.open(self._docroot, os.O_RDONLY | os.O_DIRECTORY)
        try:
            found = {name: _read(name, place) for name in NAMES}
        finally:
            os.close(place)
        version = int(found["index.html"].partition(".")[0].removeprefix("version-"))
        if found != pages(version):
            raise ValueError(f"not all of it is version {version}")
        return version

    def _until(self, is_true: Callable[[], object]) -> bool:
        return any(is_true() for _ in pauses(_PATIENCE_SECONDS))

    def _look(self) -> None:
        while not self._leaving.is_set():
            try:
                version = self.read()
            except (OSError, ValueError) as error:
                self.torn.append(f"{type(error).__name__}: {error}")
            else:
                if self.seen[-1:] != [version]:
                    self.seen.append(version)
            time.sleep(_PAUSE_SECONDS)


def _read(name: str, place: int) -> str:
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=place)) as file:
        return file.read()


def leftovers(site: AccountSite) -> list[str]:
    """Name what stands in the account and is of no use to the live releases."""
    meta, releases = site.root / ".deployr", set(site.releases)
    found = [path for path in meta.iterdir() if not _OURS.fullmatch(path.name)]
    found += [path for path in (meta / "manifests").glob("*") if path.name not in releases]
    found += [path for path in site.root.iterdir() if path.name not in _ROOT]
    found += [path for path in (site.root / "shared").iterdir() if "new" in path.name]
    found += list(site.server.home.glob(".deployr-*"))
    # What was there before the first release is kept.
    kept = {path.name for path in site.place.glob("public_html.before-deployr-*")}
    ours = {"app", "public_html", min(kept, default="")}
    found += [path for path in site.place.iterdir() if path.name not in ours]
    record = (meta / "releases.jsonl").read_text()
    found += [site.root / "releases" / name for name in releases if name not in record]
    return [str(path.relative_to(site.server.home)) for path in found]


_ROOT = {"releases", "shared", "current", ".deployr"}
