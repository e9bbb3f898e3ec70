"""cPanel's Git Version Control for a hosting account, and the backend's repository in it."""

import itertools
import subprocess
from pathlib import Path

import yaml

from tests.support.passenger import Account

ROOT = Path(__file__).resolve().parents[2]


class Repository:
    """The working tree of this checkout, committed in the account's `repositories/deployr`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.path = account.home / "repositories" / "deployr"
        self._numbers = itertools.count(1)
        account.run("mkdir", "-p", str(self.path))
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        names = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
        with subprocess.Popen(
            ["tar", "-c", "-T", "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as packed:
            assert packed.stdin is not None
            unpack = subprocess.Popen(
                ["tar", "-x", "--no-same-owner"], cwd=self.path, stdin=packed.stdout,
                user=account.user, group=account.user, extra_groups=[],
            )  # fmt: skip
            packed.stdin.write("\n".join(names).encode())
            packed.stdin.close()
            assert 0 == unpack.wait(300)
        self._git("init", "--quiet")
        self.commit()

    def change(self, name: str, text: str) -> None:
        """Write a file and commit."""
        self._account.write(str(self.path / name), text, 0o644)
        self.commit()

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def commit(self) -> None:
        """Commit everything."""
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        self._git("add", "--all")
        self._git(*who, "commit", "--quiet", "--allow-empty", "-m", f"{next(self._numbers)}")

    def deploy(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Run all tasks of .cpanel.yml in one shell that ends at the first failure."""
        tasks = yaml.safe_load(self.read(".cpanel.yml"))["deployment"]["tasks"]
        exports = [f"export {name}='{value}'" for name, value in env.items()]
        script = "\n".join(exports + tasks)
        return self._account.run("/bin/bash", "-e", "-c", script, cwd=self.path, check=False)

    def _git(self, *words: str) -> None:
        self._account.run("git", *words, cwd=self.path)
