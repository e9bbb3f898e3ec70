"""Real SSH servers on loopback, with accounts as hosters give them, of users without rights."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal, Self

from tests.support import proc
from tests.support.unprivileged import change_users
from tools.demo import processes
from tools.demo.ports import free_port

Shape = Literal["full", "jailed", "sftp", "password"]

START_SECONDS = 60
JAILED_TOOLS = (
    "cat chmod cp cut date df dirname du env gzip head id kill ln ls mkdir mktemp mv php readlink "
    "rm rmdir sha256sum sleep sort stat tail tar touch tr uname wc"
)
"""What a jailed account finds on its PATH: no rsync, git, composer, node, find or xargs."""

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
StrictModes no
UsePAM no
KbdInteractiveAuthentication no
PasswordAuthentication {passwords}
PubkeyAuthentication {keys}
MaxStartups 100:30:200
MaxSessions 64
UseDNS no
LogLevel VERBOSE
Subsystem sftp internal-sftp
"""


class Sshd:
    """A running server with one account; `stop()` or the end of a `with` ends both.

    Started by root, the account is a new user's; started by another user it is that one's own.
    """

    def __init__(self, shape: Shape = "full", tools: str = JAILED_TOOLS) -> None:
        """`tools` are those of a jailed account. Raises RuntimeError when it does not start."""
        self.shape = shape
        self.folder = Path(tempfile.mkdtemp(prefix="deployr-sshd-"))
        self.folder.chmod(0o755)
        self.password = secrets.token_urlsafe(16)
        self._is_root = os.geteuid() == 0
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        try:
            self.user = self._make_user()
            self._make_keys()
            self._make_tools(tools)
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def key(self) -> Path:
        """Private key that may log in."""
        return self.folder / "user_key"

    @property
    def home(self) -> Path:
        """Home of the account."""
        return Path(pwd.getpwnam(self.user).pw_dir)

    @property
    def host_key(self) -> str:
        """Public key of the server: type and base64."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, on the port that it had before."""
        (self.folder / "config").write_text(self._config())
        if self._is_root:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # else it refuses to start
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "/usr/sbin/sshd"
        argv = [program, "-D", "-e", "-f", str(self.folder / "config")]
        self._process = processes.start(argv, log=self.folder / "log", env={})
        for _ in processes.pauses(START_SECONDS):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
        raise RuntimeError(f"sshd does not listen:\n{self.log}")

    def halt(self) -> None:
        """End the server with its connections; what they started is left alone."""
        if self._process:
            self.cut()
            processes.stop(self._process)
            self._process = None

    def cut(self) -> int:
        """Kill all connections at once, as a broken line does; return how many processes."""
        assert self._process
        victims = [pid for pid in proc.below(self._process.pid) if proc.is_named(pid, "sshd")]
        proc.kill(victims)
        return len(victims)

    def stop(self) -> None:
        """End the server and all that its account runs; remove the account and the files."""
        self.halt()
        if self._is_root and hasattr(self, "user"):
            while pids := self.pids():
                proc.kill(pids)
                time.sleep(0.01)
            change_users(["userdel", self.user])
            # userdel leaves it.
            Path("/var/spool/cron/crontabs", self.user).unlink(missing_ok=True)
        shutil.rmtree(self.folder)

    def pids(self) -> list[int]:
        """Return the processes of the account that are no zombies; only for root."""
        return proc.of_user(pwd.getpwnam(self.user).pw_uid)

    def commands(self) -> list[str]:
        """Return the arguments of the account's processes but the server's own."""
        found = []
        for pid in self.pids():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [] if proc.is_named(pid, "sshd") else [text.strip()]
        return found

    def _make_user(self) -> str:
        if not self._is_root:
            if self.shape == "password":
                raise RuntimeError("only root can start a server that takes passwords")
            return pwd.getpwuid(os.geteuid()).pw_name
        name = f"dpl{secrets.token_hex(5)}"
        home = self.folder / "home"
        options = [
            "--create-home",
            "--home-dir",
            str(home),
            "--shell",
            "/bin/bash",
            "--no-log-init",
        ]
        change_users(["useradd", *options, name])
        home.chmod(0o711)
        # With `!` for a password the account would be locked, also for keys.
        argv = ["chpasswd", *([] if self.shape == "password" else ["-e"])]
        word = self.password if self.shape == "password" else "*"
        change_users(argv, f"{name}:{word}\n")
        return name

    def _make_keys(self) -> None:
        for name in ("host_key", "user_key"):
            new_key(self.folder / name)
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")
        (self.folder / "authorized_keys").chmod(0o644)

    def _make_tools(self, tools: str) -> None:
        (self.folder / "bin").mkdir(mode=0o755)
        for tool in tools.split():
            if found := shutil.which(tool):
                (self.folder / "bin" / tool).symlink_to(found)

    def _config(self) -> str:
        extra = {
            "jailed": f"SetEnv PATH={self.folder}/bin\n",
            "sftp": f"Match User {self.user}\nForceCommand internal-sftp\n",
        }
        by_password = self.shape == "password"
        text = _CONFIG.format(
            port=self.port,
            folder=self.folder,
            user=self.user,
            passwords="yes" if by_password else "no",
            keys="no" if by_password else "yes",
        )
        return text + extra.get(self.shape, "")


def new_key(path: Path, passphrase: str = "") -> None:
    """Make a key pair at `path` and `path`.pub."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", str(path)]
    subprocess.run(argv, check=True)
