"""The application root of an account: which release is live there, and how another becomes it."""

import os
import re
import shutil
import stat
from pathlib import Path

from tools.cpanel.commands import Failed

ENTRY = "passenger_wsgi.py"
_BUCKET = "DEPLOYR_S3_BUCKET"
_SETS_BUCKET = re.compile(
    rf"""^\s*(export\s+)?["']?{_BUCKET}["']?[ \t]*=[ \t]*["']?\w""", re.MULTILINE
)
FLASK = """\
#!/bin/sh
# The backend's commands, as the live release has them: flask deployr doctor, flask db current, ...
cd "$(dirname "$0")/current" && PYTHONPATH=packages exec "{python}" -m flask "$@"
"""


class Home:
    """Holds releases, `current`, and the operator's own files."""

    def __init__(self, path: Path) -> None:
        """`path` is the application root as the host was told."""
        self.path = path.absolute()

    def prepare(self) -> None:
        """Make the folders, once. Raises Failed without settings: nothing could be checked."""
        env = self.path / ".env"
        if not env.is_file():
            raise Failed(f"{env} is missing: write DEPLOYR_DATABASE_URL=... and so on into it")
        if env.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Failed(f"{env} holds secrets and can be read by others: chmod 600 it")
        for name in ("releases", "tmp", "logs", "instance"):
            self.path.joinpath(name).mkdir(mode=0o700, exist_ok=True)

    def has_bucket(self) -> bool:
        """Tell whether logs are, or once were, kept in S3: what it needs is too large for all."""
        text = self.path.joinpath(".env").read_text(encoding="utf-8-sig", errors="replace")
        return bool(os.environ.get(_BUCKET)) or _SETS_BUCKET.search(text) is not None

    def live(self) -> str | None:
        """Return the name of the live release."""
        current = self.path / "current"
        return current.readlink().name if current.is_symlink() and current.exists() else None

    def switch(self, name: str, python: str) -> None:
        """Make a release the live one and let Passenger start it.

        Each step is a rename: whoever starts in between finds a whole release and a whole entry.
        """
        entry = self.path / "releases" / name / ENTRY
        texts = {
            ENTRY: (entry.read_text(encoding="utf-8"), 0o644),
            "flask": (FLASK.format(python=python), 0o755),
            "tmp/restart.txt": ("", 0o644),
        }
        # What needs room on the disk comes first; after it there are but renames.
        fresh = {self.path / each: self._fresh(each, *texts[each]) for each in texts}
        link = self.path / ".current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases", name))
        link.rename(self.path / "current")
        for place, file in fresh.items():
            file.rename(place)

    def prune(self, kept: int, before: str | None) -> None:
        """Remove releases but the newest ones; the live one and the one `before` it stay.

        Processes of the latter may still be answering.
        """
        releases = self.path / "releases"
        whole = sorted(each.name for each in releases.iterdir() if not each.name.startswith("."))
        for name in set(whole[:-kept]) - {self.live(), before}:
            shutil.rmtree(releases / name)

    def _fresh(self, name: str, text: str, mode: int) -> Path:
        """Return a new file that can take the place of `name`, whoever owns that one."""
        place = self.path / name
        fresh = place.with_name(f".{place.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(mode)
        return fresh
