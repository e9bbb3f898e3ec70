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


class Sshd:
    """Lets whoever runs the measurement log in to this machine; ends with `system`."""

    def __init__(self, system: DeployrSystem) -> None:
        """Make keys and start. Raises RuntimeError when nobody listens within ten seconds."""
        home = system.root / "ssh"
        home.mkdir(mode=0o700)
        (home / "empty").mkdir()
        with socket.create_server((HOST, 0)) as free:
            port: int = free.getsockname()[1]
        for name in ("host", "user"):
            key = (
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                "bench",
                "-f",
                str(home / name),
            )
            system.run(*key)
        user, known_hosts = getpass.getuser(), home / "known_hosts"
        known_hosts.write_text(f"[{HOST}]:{port} {(home / 'host.pub').read_text()}")
        facts = {"host": HOST, "port": port, "user": user, "home": home}
        (home / "sshd_config").write_text(_SERVER.format(**facts))
        self._client = home / "client_config"
        self._client.write_text(_CLIENT.format(**facts))
        self.facts = {
            "host": HOST,
            "port": port,
            "user": user,
            "key": str(home / "user"),
            "known_hosts": str(known_hosts),
        }
        self._start(system, home / "sshd_config", port)

    @property
    def shell(self) -> list[str]:
        """The command line of a shell on the server that reads its script from here."""
        return ["ssh", "-F", str(self._client), "bench", "sh"]

    @staticmethod
    def _start(system: DeployrSystem, config: Path, port: int) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # else it refuses to start
        # It starts itself anew for each login, which works by absolute path only.
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "/usr/sbin/sshd"
        system.start([program, "-D", "-e", "-f", str(config)], "sshd")
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
            except OSError as error:
                if time.monotonic() > until:
                    said = (system.root / "sshd.log").read_text()
                    raise RuntimeError(f"sshd does not listen ({error}):\n{said}") from None
                time.sleep(0.05)
            else:
                return
