"""A host that is reached by SSH, with the parts that fit what it can do."""

import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from paramiko import SFTPClient, SSHException

from ..errors import JobFailedError
from ..transfer.shell_sender import ShellSender
from .book import HostEntry
from .host import Files, HostError, LostError, Probe, Sender
from .probe import SCRIPT, ProbeCache, read_probe
from .shell_files import ShellFiles
from .ssh import Connection

_PROBE_SECONDS = 120.0


class SshHost(Connection):
    """As `Host` says."""

    def __init__(self, entry: HostEntry, kept: Path, mark: str = "") -> None:
        """What is found out about the host is kept in the directory `kept`; see Connection."""
        super().__init__(entry, mark)
        self.name = entry.name
        self.cache = kept / entry.name
        """Directory for what is remembered of the trees there."""
        identity = f"{entry.address} {entry.host_key}"
        self._probes = ProbeCache(kept / f"{entry.name}.json", identity)

    @cached_property
    def probe(self) -> Probe:
        """What the host can do, as found out within a day."""
        return self._probes.load() or self.look()

    def look(self) -> Probe:
        """Find out anew what the host can do, and keep it. Raises HostError."""
        said: list[bytes] = []
        self.connect()  # a host that refuses us is not asked a second time
        try:
            self.run(SCRIPT, sink=said.append, seconds=_PROBE_SECONDS)
        except LostError:
            raise
        except JobFailedError as error:
            raise HostError(f"{self.name} does not answer: {error.detail}") from None
        except HostError:
            said.clear()  # it runs no commands
        found = read_probe(b"".join(said)) or self._look_by_sftp(b"".join(said))
        self._probes.save(found)
        self.__dict__["probe"] = found
        return found

    @cached_property
    def files(self) -> Files:
        """Its files, by a shell or by SFTP."""
        if self.probe.shell == "none":
            from .sftp_files import SftpFiles  # noqa: PLC0415 - most hosts have a shell

            return SftpFiles(self)
        return ShellFiles(self)

    @cached_property
    def sender(self) -> Sender:
        """What sends trees there."""
        if self.probe.shell == "none":
            from ..transfer.sftp_sender import SftpSender  # noqa: PLC0415

            return SftpSender(self, self.cache)
        return ShellSender(self, self.cache)

    def _look_by_sftp(self, said: bytes) -> Probe:
        try:
            with SFTPClient(self.sftp_channel()) as client:
                home = client.normalize(".")
                can_write, symlinks = _tried(client, home)
        except LostError:
            raise
        except (HostError, SSHException, EOFError) as error:
            text = said.decode(errors="replace").strip().splitlines()
            raise HostError(
                f"{self.name} runs no commands and offers no SFTP; it says: "
                f"{text[0] if text else error}"
            ) from None
        kind: Literal["none"] = "none"
        return Probe(shell=kind, home=home, can_write=can_write, symlinks=symlinks)


def _tried(client: SFTPClient, home: str) -> tuple[bool, bool]:
    """Try whether the home may be written to, and whether it may have links."""
    place = f"{home.rstrip('/')}/.deployr-probe-{secrets.token_hex(4)}"
    try:
        client.symlink("goal", place)
        client.remove(place)
    except OSError:
        try:
            client.mkdir(place)
            client.rmdir(place)
        except OSError:
            return False, False
        return True, False
    return True, True
