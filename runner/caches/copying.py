"""The one place that copies or links trees between the checkout and the store."""

import os
import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .. import environment
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
    Raises OSError, CommandFailedError, and JobFailedError when stopped; a part may be there then.
    """
    target.mkdir(parents=True)
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


def remove(path: Path) -> None:
    """Remove a tree, also a half-made one. What can't be removed stays and is tried again later."""
    shutil.rmtree(path, ignore_errors=True)


def _cp(shell: Shell, how: str, names: list[str], source: Path, target: Path) -> None:
    if names:
        argv = ("cp", how, f"--target-directory={target}", "--", *names)
        shell.read(Command(argv=argv, cwd=source, env=environment.base()))
