"""Whom `bench.upload` compares us with: rsync, scp and plain paramiko."""

import os
from pathlib import Path
from typing import Protocol

from paramiko import SFTPClient, SSHClient

from bench.deploy_sshd import Sshd
from tools.demo.system import DeployrSystem


class Contestant(Protocol):
    """One way to get a tree to a host."""

    name: str
    root: Path
    """Directory on the host that is this one's alone."""

    def send(self, tree: Path, goal: Path, previous: Path | None) -> None:
        """Connect and make `goal` hold what `tree` holds; it is like `previous` where that is given."""


class Rsync:
    """`rsync -a`, with `--link-dest` where there is a previous release."""

    def __init__(self, place: Path, sshd: Sshd, system: DeployrSystem, option: str = "-a") -> None:
        """`place` is where `root` will be."""
        self.name = "rsync" if option == "-a" else f"rsync {option}"
        self.root = place / f"rsync{option}"
        self._option, self._ssh, self._system = option, f"ssh -F {sshd.client}", system

    def send(self, tree: Path, goal: Path, previous: Path | None) -> None:
        """See Contestant."""
        more = [f"--link-dest=../{previous.name}"] if previous else []
        options = (self._option, *more, "-e", self._ssh)
        self._system.run("rsync", *options, f"{tree}/", f"bench:{goal}/")


class Scp:
    """`scp -r`, which speaks SFTP today."""

    name = "scp"

    def __init__(self, place: Path, sshd: Sshd, system: DeployrSystem) -> None:
        """`place` is where `root` will be."""
        self.root = place / self.name
        self._client, self._system = str(sshd.client), system

    def send(self, tree: Path, goal: Path, previous: Path | None) -> None:
        """See Contestant."""
        del previous
        self._system.run("scp", "-q", "-r", "-F", self._client, str(tree), f"bench:{goal}")


class Put:
    """`SFTPClient.put` for each file, as most scripts with paramiko do it."""

    name = "paramiko put"

    def __init__(self, place: Path, sshd: Sshd) -> None:
        """`place` is where `root` will be."""
        self.root = place / "put"
        self._sshd = sshd

    def send(self, tree: Path, goal: Path, previous: Path | None) -> None:
        """See Contestant."""
        del previous
        with SSHClient() as client:
            client.load_host_keys(str(self._sshd.known_hosts))
            client.connect(
                self._sshd.host,
                self._sshd.port,
                self._sshd.user,
                key_filename=self._sshd.key,
                allow_agent=False,
                look_for_keys=False,
            )
            with client.open_sftp() as sftp:
                _put(sftp, str(tree), str(goal))


def _put(sftp: SFTPClient, tree: str, goal: str) -> None:
    for place, _, files in os.walk(tree):
        there = goal + place.removeprefix(tree)
        sftp.mkdir(there)
        for name in files:
            sftp.put(f"{place}/{name}", f"{there}/{name}")
