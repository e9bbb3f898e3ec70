"""How a runner that is not root starts and ends processes of another user."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import launcher
from .accounts import Account, is_open, open_python
from .command import Command


@dataclass(frozen=True)
class Sudo:
    """The launcher, run as `account`, and what it can be told to do."""

    account: Account

    @property
    def argv(self) -> tuple[str, ...]:
        """The command; it reads an order from its standard input."""
        file = Path(launcher.__file__)
        # By its name where it can be read: sudo writes the command into the system's log.
        code = (str(file),) if is_open(file) else ("-c", launcher.SOURCE)
        return ("sudo", "-n", "-u", self.account.name, "--", open_python(), "-I", "-S", *code)

    def start(self, command: Command, env: Mapping[str, str]) -> bytes:
        """Return the order to become `command`."""
        facts = {"argv": command.argv, "cwd": str(command.cwd), "umask": self.account.umask}
        return json.dumps({"do": "start", **facts, "env": dict(env)}).encode()

    @staticmethod
    def end(mark: str | None, groups: Iterable[int], seconds: float) -> bytes:
        """Return the order to end what carries `mark`, and process groups."""
        facts = {"mark": mark, "groups": sorted(groups), "seconds": seconds}
        return json.dumps({"do": "end", **facts}).encode()
