"""Ourselves in `bench.upload`: what the runner does to get a tree to a host."""

from collections.abc import Callable
from pathlib import Path

from bench.deploy_sshd import Sshd
from runner.hosts.book import HostEntry
from runner.hosts.host import Sender
from runner.hosts.ssh_host import SshHost
from runner.transfer.sftp_sender import SftpSender
from runner.transfer.shell_sender import ShellSender

Make = Callable[[SshHost, Path], Sender]


class Ours:
    """One of our senders; a new connection for each tree, as for each deployment."""

    def __init__(self, name: str, place: Path, entry: HostEntry, make: Make) -> None:
        """`place` is the deploy root; what is remembered of it is kept beside it."""
        self.name, self.root = name, place / name
        self._entry, self._make = entry, make
        self._kept = place / f"{name}-remembered"

    def send(self, tree: Path, goal: Path, previous: Path | None) -> None:
        """See Contestant."""
        host = SshHost(self._entry, self._kept)
        try:
            sender = self._make(host, host.cache)
            sender.send(tree, str(goal), str(previous) if previous else None, _nobody)
        finally:
            host.close()


def by_shell(place: Path, sshd: Sshd) -> Ours:
    """Return the sender for hosts with a shell."""
    return Ours("shell", place, _entry(sshd, sshd.port), ShellSender)


def by_sftp(place: Path, sshd: Sshd) -> Ours:
    """Return the sender for hosts that run no commands."""
    return Ours("sftp", place, _entry(sshd, sshd.sftp_port), SftpSender)


def _entry(sshd: Sshd, port: int) -> HostEntry:
    return HostEntry(
        name="bench",
        host=sshd.host,
        port=port,
        user=sshd.user,
        host_key=sshd.host_key,
        key=sshd.key,
    )


def _nobody(files: int, of_files: int, bytes_: int, of_bytes: int) -> None:
    """Hear how far it is."""
