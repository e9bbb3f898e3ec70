"""Directories that the runner and the build user both write in, and how they go away."""

import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

from . import environment
from .accounts import Account
from .errors import JobFailedError
from .shell import Command, CommandFailedError, Shell
from .stop import StopFlag

REMOVE_SECONDS = 300.0

# Even their owner can't take files out of directories that are read-only.
_REMOVE = 'chmod -R u+rwX -- "$1" 2>/dev/null; rm -rf -- "$1"'


def remove_tree(
    path: Path,
    accounts: Iterable[Account] = (),
    *,
    ignore_errors: bool = False,
    directory: int | None = None,
) -> None:
    """Remove a directory, and what `accounts` have locked the runner out of.

    With `directory`, the descriptor of the one that `path` is in, nobody can exchange that. Raises OSError, or with `ignore_errors` leaves there what can't be removed.
    """
    own = path if directory is None else path.name
    for account in accounts:
        try:
            shutil.rmtree(own, dir_fd=directory)
        except PermissionError:
            _empty(path, account)
        except FileNotFoundError:
            break
        else:
            return
    shutil.rmtree(own, ignore_errors=ignore_errors, dir_fd=directory)


def copy_tree(source: Path, target: Path, account: Account) -> None:
    """Fill the new directory `target`, in which `account` may write, with copies of its own.

    Raises OSError.
    """
    target.mkdir()
    account.share(target)
    _run(("cp", "-a", "--", f"{source}/.", str(target)), account)


def _empty(path: Path, account: Account) -> None:
    try:
        # It takes what the user may remove; the rest, as the directory itself, is the runner's.
        _run(("/bin/sh", "-c", _REMOVE, "sh", str(path)), account)
    except OSError:
        return


def _run(argv: tuple[str, ...], account: Account) -> None:
    with StopFlag() as never:
        shell = Shell(never, str(uuid.uuid4()), account)
        command = Command(argv=argv, cwd=Path("/"), env=environment.base())
        try:
            shell.run(command, lambda _: None, seconds=REMOVE_SECONDS)
        except (CommandFailedError, JobFailedError) as error:
            raise OSError(str(error)) from None
