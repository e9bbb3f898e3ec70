"""Links from a release to what all releases share."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from deployr.states import Reason

from ..accounts import Account
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

    `account` may write in the directories. What is not shared yet is seeded once from the release's own. Raises JobFailedError when a
    directory on the way is a link that leads out of the release.
    """
    for name in _outermost(dirs):
        _check_inside(release, name)
        _seed_dir(release / name, shared / name, account)
        _link(release / name, shared / name, account)
    for name in files:
        if not any(Path(name).is_relative_to(outer) for outer in dirs):
            _check_inside(release, name)
            _seed_file(release / name, shared / name)
            _link(release / name, shared / name, account)


def _outermost(dirs: Sequence[str]) -> list[str]:
    """Leave out directories inside others: they are shared along with those."""
    paths = [Path(name) for name in dict.fromkeys(dirs)]
    return [str(path) for path in paths if not any(other in path.parents for other in paths)]


def _check_inside(release: Path, name: str) -> None:
    parent = (release / name).parent
    if not parent.resolve().is_relative_to(release.resolve()):
        raise JobFailedError(
            Reason.PREFLIGHT_FAILED, f"deploy.shared: {name} leads out of the release by a link"
        )
    parent.mkdir(parents=True, exist_ok=True)


def _seed_dir(own: Path, shared: Path, account: Account | None) -> None:
    if shared.is_dir():
        return
    if own.is_dir() and not own.is_symlink():
        # Copied under another name first: half a seed would stay half for ever.
        fresh = shared.with_name(f".{shared.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        if account:
            account.share(fresh)
        shutil.copytree(own, fresh, symlinks=True, dirs_exist_ok=True)
        fresh.rename(shared)
    else:
        shared.mkdir(parents=True)
        if account:
            account.share(shared)


def _seed_file(own: Path, shared: Path) -> None:
    if not shared.exists() and own.is_file() and not own.is_symlink():
        shared.parent.mkdir(parents=True, exist_ok=True)
        fresh = shared.with_name(f".{shared.name}.new")
        shutil.copy2(own, fresh)
        fresh.rename(shared)


def _link(own: Path, shared: Path, account: Account | None) -> None:
    if own.is_dir() and not own.is_symlink():
        remove_tree(own, [account] if account else [])
    else:
        own.unlink(missing_ok=True)
    own.symlink_to(os.path.relpath(shared, own.parent))
