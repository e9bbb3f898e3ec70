"""What the runner remembers of the releases that it sent to one deploy root of a host."""

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..files import make_private_dir
from .manifest import Manifest

_KEPT = 20
"""Manifests; more than a project keeps releases."""


@dataclass(frozen=True)
class Older:
    """A release on the host that may have much in common with the new one."""

    path: str
    """Absolute, on the host."""
    text: bytes
    """Of its manifest."""

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the manifest's text."""
        return hashlib.sha256(self.text).hexdigest()

    @cached_property
    def manifest(self) -> Manifest:
        """What it held when it was sent. Raises ValueError."""
        return Manifest.parse(self.text)


class Cache:
    """Manifests by release. It may be lost or damaged: then whole trees are sent."""

    def __init__(self, place: Path, root: str) -> None:
        """`place` is the host's, `root` the deploy root there."""
        self._place = place / hashlib.sha256(root.encode(errors="surrogateescape")).hexdigest()[:16]

    @property
    def sums(self) -> Path:
        """Where the sums of local files are kept."""
        return self._place / "sums"

    def load(self, path: str) -> Older | None:
        """Return what is known of the release at `path`, if it was sent from here."""
        try:
            return Older(path, self._manifest(path.rpartition("/")[2]).read_bytes())
        except OSError:
            return None

    def keep(self, release: str, data: bytes) -> None:
        """Keep the text of a manifest, and let go of the oldest. Raises OSError."""
        replace(self._manifest(release), data)
        kept = sorted(self._place.glob("*.manifest"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-_KEPT]:
            path.unlink(missing_ok=True)

    def _manifest(self, release: str) -> Path:
        return self._place / f"{release}.manifest"


def replace(path: Path, data: bytes) -> None:
    """Write a file that may be lost in a crash, but is never half there. Raises OSError."""
    make_private_dir(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            temporary.chmod(0o600)
            file.write(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
