"""What the CLI asks of git; the only place of the CLI that starts a process."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .errors import CliError

REMOTE_SECONDS = 5
_NAME_JUNK = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The git repository that a command is run in."""

    root: Path

    @classmethod
    def here(cls) -> "Checkout":
        """Return the repository of the current directory. Raises CliError outside of one."""
        try:
            top = _git(Path.cwd(), "rev-parse", "--show-toplevel")
        except FileNotFoundError:
            raise CliError("git is not installed.", "Deployr deploys what git knows.") from None
        if top is None:
            raise CliError(
                "This is not a git repository.",
                "Go to your app's checkout; Deployr deploys commits that you have pushed.",
            )
        return cls(root=Path(top))

    def branch(self) -> str | None:
        """Return the checked-out branch, or None on a detached HEAD."""
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def remote(self) -> str:
        """Return the name of the remote to deploy from: the branch's own, else origin."""
        branch = self.branch()
        tracked = self._ask("config", "--get", f"branch.{branch}.remote") if branch else None
        return tracked if tracked and tracked != "." else "origin"

    def remote_url(self) -> str | None:
        """Return the address of the remote, as git would use it for fetching."""
        return self._ask("remote", "get-url", self.remote())

    def commit_of(self, revision: str) -> str | None:
        """Return the full hash of a revision, or None when there is none."""
        return self._ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")

    def tip_of(self, branch: str) -> str | None:
        """Return the commit of a branch: the local one, else the remote's."""
        remote = f"refs/remotes/{self.remote()}/{branch}"
        return self.commit_of(f"refs/heads/{branch}") or self.commit_of(remote)

    def is_dirty(self) -> bool:
        """Tell whether tracked files differ from the last commit."""
        return bool(self._ask("status", "--porcelain", "--untracked-files=no"))

    def file_at(self, commit: str, path: str) -> str | None:
        """Return the text of a file in a commit, or None when it has no such file."""
        return self._ask("show", f"{commit}:{path}", strip=False)

    def is_pushed(self, commit: str, branch: str) -> bool | None:
        """Tell whether the remote's branch holds the commit; None when the remote is silent."""
        listed = self._ask("ls-remote", "--", self.remote(), f"refs/heads/{branch}", network=True)
        if listed is None:
            return None
        tip = listed.split("\t")[0]
        if not tip or tip == commit:
            return bool(tip)
        if self.commit_of(tip) is None:
            # The remote is ahead of what was fetched: its tracking branch is the best knowledge.
            tip = f"refs/remotes/{self.remote()}/{branch}"
        return self._ask("merge-base", "--is-ancestor", commit, tip) is not None

    def _ask(self, *arguments: str, strip: bool = True, network: bool = False) -> str | None:
        return _git(self.root, *arguments, strip=strip, network=network)


def _git(cwd: Path, *arguments: str, strip: bool = True, network: bool = False) -> str | None:
    """Return git's answer, or None when it says no or, over the network, says nothing in time."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=REMOTE_SECONDS if network else None,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    text = done.stdout.decode("utf-8", "replace")
    return text.strip() if strip else text


def without_credentials(url: str) -> str:
    """Return an https address without user name and password; other addresses as they are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def name_from_url(url: str) -> str:
    """Return the repository's name as a project name: its last part, without `.git`."""
    last = re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")
    return _NAME_JUNK.sub("-", last).strip("-._")[:63] or "app"
