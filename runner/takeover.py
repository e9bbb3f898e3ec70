"""Make an app that is live the first release, while its visitors are served.

Every move lets two names change places in one step, and what stands at the old place then leads
to the new one. A takeover that was killed is finished by the next: each move is made unless it
was made already.
"""

import os
import shutil
from pathlib import Path

from .adopt import JOURNAL, Takeover, skeleton_of, unfinished
from .errors import RunnerError
from .files import exchange, sync_dir, write_durably
from .preflight.place import OWN_NAMES
from .releases import Record, utc_now
from .targets.vps import VpsTarget

_DIRECTORIES = (".deployr", "releases", "shared")
# A `git pull` at the old place would write through the links into the release.
_NOT_LINKED = OWN_NAMES | {".git"}


def take_over(root: Path, what: Takeover, owner: int | None = None) -> None:
    """Do what `survey` found; directories that are made belong to `owner`.

    Raises RunnerError or OSError; then all that was served is still served, and a second call
    goes on from there.
    """
    _make(root / ".deployr", owner)
    old = VpsTarget(root)
    if not old.lock():
        raise RunnerError(f"a deployment is working in {root}; try again when it is done")
    # At once: when what follows fails, the service must be able to lock it all the same.
    _give(root / ".deployr/lock", owner)
    try:
        if what.layout == "root":
            new = _change_places(root, what, owner)
        else:
            new = None
            _turn_into_link(root, what, owner)
        try:
            _finish(root, what, owner)
        finally:
            if new:
                new.unlock()
    finally:
        old.unlock()


def _turn_into_link(root: Path, what: Takeover, owner: int | None) -> None:
    """Let `current`, a directory, and a link to its new place change places."""
    for name in _DIRECTORIES:
        _make(root / name, owner)
    _write_journal(root, what)
    release, current = root / "releases" / what.release, root / "current"
    if not os.path.lexists(release):
        release.symlink_to(f"releases/{what.release}")
    if not current.is_symlink():
        exchange(current, release)
        sync_dir(root)


def _change_places(root: Path, what: Takeover, owner: int | None) -> VpsTarget | None:
    """Put a new deploy root together, and let it and the app change places.

    Returns it with its lock held.
    """
    skeleton = skeleton_of(root)
    release = root / "releases" / what.release
    new = None
    if not unfinished(root):
        try:
            _put_together(root, skeleton, what, owner)
            new = VpsTarget(skeleton)
            new.lock()
            exchange(root, skeleton)
        except OSError:
            shutil.rmtree(skeleton, ignore_errors=True)
            raise
        sync_dir(root.parent)
    # From here on the skeleton's name is the app's, and the release is a link to it.
    if release.is_symlink():
        exchange(skeleton, release)
        sync_dir(root.parent)
    skeleton.unlink(missing_ok=True)
    _link_entries(root, release)
    _carry_over(root, release)
    return new


def _put_together(root: Path, skeleton: Path, what: Takeover, owner: int | None) -> None:
    if skeleton.exists():
        shutil.rmtree(skeleton)  # of a takeover that was killed before it changed anything
    _make(skeleton, owner)
    shutil.copystat(root, skeleton)
    for name in _DIRECTORIES:
        _make(skeleton / name, owner)
    (skeleton / "releases" / what.release).symlink_to(skeleton)
    (skeleton / "current").symlink_to(f"releases/{what.release}")
    _link_entries(skeleton, root)
    _write_journal(skeleton, what)


def _link_entries(root: Path, app: Path) -> None:
    """Let all that was in the app's directory be reachable there: web server, cron, workers."""
    for entry in app.iterdir():
        link = root / entry.name
        if entry.name in _NOT_LINKED or os.path.lexists(link):
            continue
        link.symlink_to(f"current/{entry.name}")
        if os.geteuid() == 0:  # Apache may follow links only of the owner of what they lead to
            facts = entry.lstat()
            os.chown(link, facts.st_uid, facts.st_gid, follow_symlinks=False)


def _carry_over(root: Path, release: Path) -> None:
    """Bring to the new deploy root what an attempt to deploy has left in the app's directory."""
    if (release / "shared").is_dir():
        for entry in (release / "shared").iterdir():
            entry.rename(root / "shared" / entry.name)
        (release / "shared").rmdir()
    if (release / "releases").is_dir():
        (release / "releases").rmdir()
    shutil.rmtree(release / ".deployr", ignore_errors=True)


def _finish(root: Path, what: Takeover, owner: int | None) -> None:
    """Move out of the release what all releases share, and call it good."""
    release = root / "releases" / what.release
    for name in what.shared:
        _share(release / name, root / "shared" / name)
    target = VpsTarget(root)
    if what.release not in target.records():
        target.record(
            Record(
                release=what.release,
                state="good",
                job=0,
                commit=what.commit,
                branch="",
                at=utc_now(),
                framework=what.framework,
            )
        )
        _give(root / ".deployr/releases.jsonl", owner)
    _give(root / ".deployr/lock", owner)
    (root / JOURNAL).unlink()


def _share(own: Path, shared: Path) -> None:
    """Let a directory or file, and the link that leads to its new place, change places."""
    if own.is_symlink():
        return
    shared.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(shared):
        shared.symlink_to(os.path.relpath(shared, own.parent))
    exchange(own, shared)


def _make(directory: Path, owner: int | None) -> None:
    if not directory.is_dir():
        directory.mkdir()
        _give(directory, owner)


def _give(path: Path, owner: int | None) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner, -1)


def _write_journal(root: Path, what: Takeover) -> None:
    write_durably(root / JOURNAL, what.model_dump_json() + "\n")
