"""The user that builds and hooks run as, who can't read what belongs to the runner."""

import os
import pwd
import shlex
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .allowlist import Allow
from .config import Places, RunnerConfig, load
from .errors import ConfigError

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of this server."""

    name: str
    uid: int
    gid: int
    home: str

    @property
    def umask(self) -> int:
        """What this user makes, the runner must be able to change: root can in any case."""
        return 0o022 if os.geteuid() == 0 else 0o002

    def share(self, directory: Path | int) -> None:
        """Let the user write in a directory of ours, and us in what is made there."""
        os.chown(directory, -1, self.gid)
        os.chmod(directory, 0o2775)  # noqa: PTH101, S103 - it may be a descriptor

    def make_work(self, work: Path) -> None:
        """Make a directory in which only we make files, and only the user and we see them.

        The two above it are opened for passing through.
        """
        work.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        for place in (work.parent, work.parent.parent):
            mode = stat.S_IMODE(place.stat().st_mode)
            if mode & 0o011 != 0o011:
                place.chmod(mode | 0o011)
        work.mkdir(mode=0o700)
        os.chown(work, -1, self.gid)
        work.chmod(0o750)

    @property
    def switch(self) -> dict[str, Any]:
        """What Popen needs to start a process as this user, for root."""
        groups = os.getgrouplist(self.name, self.gid)
        return {
            "user": self.uid,
            "group": self.gid,
            "extra_groups": groups,
            "umask": self.umask,
        }


def name_for(config: RunnerConfig, entry: Allow) -> str | None:
    """Return the name of the user that builds `entry`, or None for the runner's own."""
    return entry.user or config.build_user


def shared_with(config: RunnerConfig, entry: Allow) -> list[str]:
    """Say which other entries are built by the same user as `entry`, and what to do about it."""
    user = name_for(config, entry)
    others = [other for other in config.allow if other != entry and user == name_for(config, other)]
    words = [*entry.words, "--environment", entry.environment, "--repo", entry.repo]
    for branch in entry.branches:
        words += ["--branch", branch]
    command = shlex.join(["deployr-runner", "allow", "add", *words, *entry.place_words])
    return [
        f"{other.title} and {entry.title} are built by the same user, {user}: their builds can "
        "read each other's shared/.env and change each other's releases; give one of them its own: "
        f"`install-runner.sh --project-user NAME` as root, then {command} --user NAME"
        for other in others
        if user
    ]


def find(name: str) -> Account:
    """Return the user `name`. Raises ConfigError for one that nothing may be built as."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(
            f"the build user {name} does not exist here: "
            f"sudo useradd --system --user-group --create-home {name}"
        ) from None
    if found.pw_uid in {0, os.geteuid()}:
        raise ConfigError(
            f"{name} can't be the build user: it must be neither root nor the runner's own, "
            "or builds could read the runner's files; install-runner.sh makes deployr-build"
        )
    return Account(name=name, uid=found.pw_uid, gid=found.pw_gid, home=found.pw_dir)


def group_problem(account: Account) -> str | None:
    """Say why the runner could not work with what the user builds."""
    if os.geteuid() == 0 or account.gid in {os.getegid(), *os.getgroups()}:
        return None
    me = pwd.getpwuid(os.geteuid()).pw_name
    return (
        f"{me} is not in the group of the build user {account.name}: "
        f"sudo usermod --append --groups {account.name} {me}, then restart the runner"
    )


def all_of(places: Places) -> list[Account]:
    """Return all users that jobs of this runner may have left something of."""
    try:
        config = load(places)
    except ConfigError:
        return []
    names = {config.build_user, *(entry.user for entry in config.allow)} - {None}
    found = []
    for name in sorted(filter(None, names)):
        try:
            found.append(find(name))
        except ConfigError:  # a job that needs it says so
            continue
    return found


def open_python() -> str:
    """Return a Python that every user can start."""
    own = os.path.realpath(sys.executable)
    return own if is_open(Path(own)) else shutil.which("python3", path=_SYSTEM_PATH) or own


def is_open(file: Path) -> bool:
    """Tell whether every user can read a file; False also when even we can't look."""
    try:
        reachable = all(path.stat().st_mode & stat.S_IXOTH for path in file.parents)
        return reachable and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
