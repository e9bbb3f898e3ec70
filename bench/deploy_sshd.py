"""An SSH server of the measurement's own: loopback, spare port, temporary keys, no service."""

import getpass
import os
import shutil
import socket
import time
from pathlib import Path

from tools.demo.system import DeployrSystem

HOST = "127.0.0.1"
START_SECONDS = 10.0

# A shell that sshd starts reads ~/.bashrc: what someone keeps in there would count for each command.
_SERVER = """\
ListenAddress {host}:{port}
ListenAddress {host}:{sftp_port}
HostKey {home}/host
AuthorizedKeysFile {home}/user.pub
AllowUsers {user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
UseDNS no
PidFile none
SetEnv HOME={home}/empty
Subsystem sftp internal-sftp
Match LocalPort {sftp_port}
ForceCommand internal-sftp
"""

_CLIENT = """\
Host bench
HostName {host}
Port {port}
User {user}
IdentityFile {home}/user
IdentitiesOnly yes
UserKnownHostsFile {home}/known_hosts
BatchMode yes
"""

_KEYGEN = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f")


class Sshd:
    """Lets whoever runs the measurement log in to this machine; ends with `system`."""

    def __init__(
        self, system: DeployrSystem, host: str = HOST, place: tuple[str, ...] = ()
    ) -> None:
        """Make keys and start. Raises RuntimeError when nobody listens within ten seconds.

        `place` are words that run a command where the server's end of the line is.
        """
        home = system.root / "ssh"
        home.mkdir(mode=0o700)
        (home / "empty").mkdir()
        port, sftp_port = _free_ports()
        for name in ("host", "user"):
            system.run(*_KEYGEN, str(home / name))
        self.host, self.port, self.user = host, port, getpass.getuser()
        self.sftp_port = sftp_port
        """Who logs in there gets SFTP and nothing else."""
        self.key, self.known_hosts = str(home / "user"), home / "known_hosts"
        self.host_key = " ".join((home / "host.pub").read_text().split()[:2])
        self.known_hosts.write_text(f"[{host}]:{port} {self.host_key}\n")
        self.client = home / "client_config"
        """For `ssh -F`; the server is called `bench`."""
        facts = {"host": host, "port": port, "user": self.user, "home": home}
        (home / "sshd_config").write_text(_SERVER.format(**facts, sftp_port=sftp_port))
        self.client.write_text(_CLIENT.format(**facts))
        self._start(system, home / "sshd_config", (host, port), place)

    @property
    def facts(self) -> dict[str, str | int]:
        """What Capistrano must know."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "key": self.key,
            "known_hosts": str(self.known_hosts),
        }

    @property
    def shell(self) -> list[str]:
        """The command line of a shell on the server that reads its script from here."""
        return ["ssh", "-F", str(self.client), "bench", "sh"]

    @staticmethod
    def _start(
        system: DeployrSystem, config: Path, address: tuple[str, int], place: tuple[str, ...]
    ) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # else it refuses to start
        # It starts itself anew for each login, which works by absolute path only.
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "/usr/sbin/sshd"
        system.start([*place, program, "-D", "-e", "-f", str(config)], "sshd")
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(address, 1).close()
            except OSError as error:
                if time.monotonic() > until:
                    said = (system.root / "sshd.log").read_text()
                    raise RuntimeError(f"sshd does not listen ({error}):\n{said}") from None
                time.sleep(0.05)
            else:
                return


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
