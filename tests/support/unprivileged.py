"""Work done as a user without rights: to root no directory is read-only."""

import os
import pwd
import shutil
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.demo.processes import pauses

NOBODY = 65534
_PATIENCE_SECONDS = 60


@contextmanager
def open_directory() -> Iterator[Path]:
    """Make a directory of the user nobody that everybody can reach, and remove it again."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def as_nobody(work: Callable[[], object]) -> None:
    """Run `work` in a process of the user nobody. Raises AssertionError when it fails.

    Started by another user than root it runs as that one, who has no rights either.
    """

    def become_nobody() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)

    _in_child(become_nobody, work)


def as_user(name: str, work: Callable[[], object]) -> None:
    """Run `work` in a process of the user `name`, as root. Raises AssertionError when it fails."""
    account = pwd.getpwnam(name)

    def become() -> None:
        os.initgroups(name, account.pw_gid)
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
        os.environ["HOME"] = account.pw_dir

    _in_child(become, work)


@contextmanager
def new_users(*names: str) -> Iterator[None]:
    """Make system users, each with a group and a home of its own, and remove them again."""
    home = Path(tempfile.mkdtemp(prefix="deployr-homes-"))
    home.chmod(0o755)
    made: list[str] = []
    try:
        for name in names:
            options = ["--system", "--user-group", "--create-home", "--home-dir", str(home / name)]
            change_users(["useradd", *options, "--shell", "/bin/sh", name])
            made.append(name)
        yield
    finally:
        for name in made:
            change_users(["userdel", name])
        shutil.rmtree(home)


def change_users(argv: list[str], text: str = "") -> None:
    """Run what changes the list of users; others may be at it, or a user's last process may end."""
    said = ""
    for _ in pauses(_PATIENCE_SECONDS):
        done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
        if done.returncode == 0:
            return
        said = done.stderr
        assert "lock" in said or "used by process" in said, said
    raise AssertionError(said)


def _in_child(become: Callable[[], None], work: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            become()
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the parent says so
            traceback.print_exc()
        finally:
            os._exit(code)
    assert 0 == os.waitpid(pid, 0)[1], "it failed in a process of another user; see the output"
