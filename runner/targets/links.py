"""Links from a release to what all releases share.

Builds write in the release, and hooks in some of what is shared: both are opened part by part.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path, PurePath

from deployr.states import Reason

from ..accounts import Account
from ..descriptors import copy_below, copy_file, directory, directory_below, mode_of
from ..errors import JobFailedError
from ..leavings import remove_tree


def link_into(
    release: Path,
    shared: Path,
    dirs: Sequence[str],
    files: Sequence[str],
    account: Account | None = None,
) -> None:
    """Replace `dirs` and `files` of `release` by relative links into `shared`.

    `account` may write in the directories. What is not shared yet is seeded once from the
    release's own. Raises JobFailedError when a directory on the way is a link that leads out of
    the release, and OSError.
    """
    single = [name for name in files if not any(PurePath(name).is_relative_to(d) for d in dirs)]
    outer = outermost(dirs)
    for name in (*outer, *single):
        way, path = _way(release, name), PurePath(name)
        with directory_below(release, way, make=True) as own:
            if name in outer:
                _seed_dir(own, path, shared, account)
            else:
                _seed_file(own, path, shared)
            _remove(own, release / way / path.name, account)
            os.symlink(os.path.relpath(shared / name, release / way), path.name, dir_fd=own)


def outermost(dirs: Sequence[str]) -> list[str]:
    """Leave out directories inside others: they are shared along with those."""
    paths = [Path(name) for name in dict.fromkeys(dirs)]
    return [str(path) for path in paths if not any(other in path.parents for other in paths)]


def _way(release: Path, name: str) -> PurePath:
    """Return which directory of the release `name` stands in. Raises JobFailedError."""
    parent = (release / name).parent.resolve()
    if not parent.is_relative_to(release.resolve()):
        raise JobFailedError(
            Reason.PREFLIGHT_FAILED, f"deploy.shared: {name} leads out of the release by a link"
        )
    return parent.relative_to(release.resolve())


def _seed_dir(own: int, name: PurePath, shared: Path, account: Account | None) -> None:
    if (shared / name).is_dir():
        return
    # Made under another name first: half a seed would stay half for ever.
    fresh = f".{name.name}.new"
    with directory_below(shared.resolve(), name.parent, make=True) as place:
        shutil.rmtree(fresh, ignore_errors=True, dir_fd=place)
        os.mkdir(fresh, dir_fd=place)
        with directory(fresh, place) as goal:
            if account:
                account.share(goal)
            if stat.S_ISDIR(mode_of(name.name, own)):
                with directory(name.name, own) as source:
                    copy_below(source, goal)
        os.rename(fresh, name.name, src_dir_fd=place, dst_dir_fd=place)


def _seed_file(own: int, name: PurePath, shared: Path) -> None:
    if (shared / name).exists() or not stat.S_ISREG(mode_of(name.name, own)):
        return
    fresh = f".{name.name}.new"
    with directory_below(shared.resolve(), name.parent, make=True) as place:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=place)
        copy_file(name.name, own, fresh, place)
        os.rename(fresh, name.name, src_dir_fd=place, dst_dir_fd=place)


def _remove(own: int, path: Path, account: Account | None) -> None:
    """Make room for a link: remove `path`, which stands in the open directory `own`."""
    if stat.S_ISDIR(mode_of(path.name, own)):
        remove_tree(path, [account] if account else [], directory=own)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path.name, dir_fd=own)
