"""A hosting account: Apache with a firewall and Passenger, as cPanel's Application Manager sets it.

The backend runs as the account's user, from `deployr` in its home. It is served twice: at the root
of one port, and below `/deployr` of another.
"""

import contextlib
import os
import pwd
import signal
import subprocess
from pathlib import Path

from tests.support.apache import MODULES, Apache
from tools.demo.ports import free_port
from tools.demo.processes import pauses

PACKAGES = "libapache2-mod-passenger"
STOP_SECONDS = 20
ROOT_INI = "/usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini"

SITE = """
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule env_module {modules}/mod_env.so
LoadModule setenvif_module {modules}/mod_setenvif.so
LoadModule rewrite_module {modules}/mod_rewrite.so
LoadModule passenger_module {modules}/mod_passenger.so
TypesConfig /etc/mime.types
PassengerRoot {root_ini}
PassengerDefaultRuby /usr/bin/ruby
PassengerInstanceRegistryDir {folder}/passenger
PassengerLogFile {folder}/passenger.log
PassengerDisableSecurityUpdateCheck on
PassengerDisableAnonymousTelemetry on
# As it is at hosters, but for the ten seconds within which a restart is noticed.
PassengerStatThrottleRate 1
PassengerMaxPoolSize 6
PassengerEnabled off
Listen 127.0.0.1:{below_port}
{hosts}
<Directory {app}>
    Require all granted
</Directory>
"""

HOST = """
<VirtualHost 127.0.0.1:{port}>
    ServerName 127.0.0.1
    DocumentRoot {docroot}
    <Location "{uri}">
        PassengerEnabled on
        PassengerBaseURI "{uri}"
        PassengerAppRoot "{app}"
        PassengerAppGroupName "{user} - {port}"
        PassengerPython {python}
        PassengerAppType wsgi
        PassengerStartupFile passenger_wsgi.py
        Require all granted
    </Location>
</VirtualHost>
"""


class Account:
    """A user's home with a Python environment, as "Setup Python App" makes it."""

    def __init__(self, user: str, home: Path) -> None:
        self.user = user
        self.home = home
        self.app = home / "deployr"
        self.python = home / "virtualenv" / "deployr" / "3.11" / "bin" / "python"
        home.chmod(0o711)
        self.run("/usr/bin/python3", "-m", "venv", str(self.python.parent.parent))
        self.run("mkdir", str(self.app), str(home / "public_html"))

    def run(
        self, *argv: str, cwd: Path | None = None, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as the account's user. Raises RuntimeError with its output if it fails."""
        # How packages are reached from here is no matter of the account's.
        kept = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or _is_proxy(k)}
        env = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "USER": self.user}
        done = subprocess.run(
            argv, cwd=cwd or self.home, env=kept | env, user=self.user, group=self.user, extra_groups=[],
            umask=0o022, capture_output=True, text=True, check=False, input=stdin,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file of the account's own below its home."""
        self.run("sh", "-c", f'umask 077; cat > "{path}"; chmod {mode:o} "{path}"', stdin=text)

    def processes(self) -> list[int]:
        """Return the ids of what runs as the account's user."""
        uid = pwd.getpwnam(self.user).pw_uid
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError):
                if folder.stat().st_uid == uid:
                    found.append(int(folder.name))
        return found


def _is_proxy(variable: str) -> bool:
    return variable.lower().endswith("_proxy")


class PassengerHost(Apache):
    """A running server for one account."""

    def __init__(self, account: Account) -> None:
        """Serve the account. Raises RuntimeError when something is missing or does not start."""
        if not (MODULES / "mod_passenger.so").exists():
            raise RuntimeError(f"Passenger is missing: apt-get install {PACKAGES}")
        self._account = account
        self._below_port = free_port()
        self.below_url = f"http://127.0.0.1:{self._below_port}/deployr"
        super().__init__("")

    def stop(self) -> None:
        """End the server, and what Passenger leaves of the account's processes."""
        super().stop()
        for _ in pauses(STOP_SECONDS):
            if not self._account.processes():
                return
        for pid in self._account.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _site(self, backend: str) -> str:
        account = self._account
        (self.folder / "passenger").mkdir()
        hosts = [
            HOST.format(
                port=port,
                uri=uri,
                app=account.app,
                user=account.user,
                python=account.python,
                docroot=account.home / "public_html",
            )
            for port, uri in ((self.port, "/"), (self._below_port, "/deployr"))
        ]
        return SITE.format(
            modules=MODULES,
            root_ini=ROOT_INI,
            folder=self.folder,
            below_port=self._below_port,
            hosts="".join(hosts),
            app=account.app,
        )
