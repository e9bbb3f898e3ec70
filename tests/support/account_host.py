"""A hosting account at a real SSH server."""

from pathlib import Path

from runner.hosts.book import HostEntry
from runner.hosts.ssh_host import SshHost
from tests.support.sshd import Sshd


class AccountHost(SshHost):
    """Reached with the account's key; `home` is the account's."""

    def __init__(self, server: Sshd, kept: Path) -> None:
        entry = HostEntry(
            name="hoster",
            host="127.0.0.1",
            port=server.port,
            user=server.user,
            host_key=server.host_key,
            key=str(server.key),
        )
        super().__init__(entry, kept)
        self.home = server.home
        self.user = server.user

    def put(self, path: str, text: str) -> None:
        """Write a file of the account that everybody may read."""
        self.files.make_dirs(str(Path(self.home, path).parent))
        place = f"{self.home}/{path}"
        self.files.make_dirs(place.rpartition("/")[0])
        self.files.write(place, text.encode(), 0o644)
