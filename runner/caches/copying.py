"""The one place that copies or links trees between the checkout and the store."""

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .. import environment
from ..accounts import Account
from ..leavings import remove_tree
from ..shell import Command, Shell


class Links(Enum):
    """When files of the store and of a checkout may be the same ones, by hard links."""

    ALWAYS = "always"
    UNSHARED = "unshared"
    """Only while no release has them too: what writes to one would change the other."""
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a directory is kept."""

    links: Links
    own: tuple[str, ...] = ()
    """Names in it whose files are always copied; so are the files that stand directly in it."""
    omit: tuple[str, ...] = ()
    """Names in it that are left out."""


def duplicate(shell: Shell, source: Path, target: Path, shape: Shape, *, link: bool) -> None:
    """Make the new directory `target` like `source`.

    With `link` by hard links as far as `shape` allows; on another file system all is copied.
    All of it is made by the user of `shell`, as only the owner of a file may link it. Raises
    OSError, CommandFailedError, and JobFailedError when stopped; a part may be there then.
    """
    shell.read(_command(("mkdir", "-p", "--", str(target)), source))
    link = link and source.stat().st_dev == target.stat().st_dev
    linked: list[str] = []
    copied: list[str] = []
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name not in shape.omit:
                is_own = entry.name in shape.own or not entry.is_dir(follow_symlinks=False)
                (linked if link and not is_own else copied).append(entry.name)
    _cp(shell, "-al", linked, source, target)
    _cp(shell, "-a", copied, source, target)


def make_place(path: Path, account: Account | None) -> None:
    """Make a directory that only the runner, and `account` if builds have one, can write in.

    What is above it must let that user pass. Raises OSError.
    """
    path.mkdir(mode=0o700)
    if account:
        os.chown(path, -1, account.gid)
        path.chmod(0o770)


def close_place(path: Path, account: Account | None) -> None:
    """Let nobody but the runner change which files stand in a place. Raises OSError."""
    path.chmod(0o750 if account else 0o700)


def let_pass(path: Path, account: Account | None) -> None:
    """Make a directory of the runner's, which `account` may pass through. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account:
        path.chmod(0o711)


def remove(path: Path, account: Account | None) -> None:
    """Remove a tree, also a half-made one. What can't be removed stays and is tried again later."""
    remove_tree(path, [account] if account else [], ignore_errors=True)


def _cp(shell: Shell, how: str, names: list[str], source: Path, target: Path) -> None:
    if names:
        shell.read(_command(("cp", how, f"--target-directory={target}", "--", *names), source))


def _command(argv: tuple[str, ...], cwd: Path) -> Command:
    return Command(argv=argv, cwd=cwd, env=environment.base())
