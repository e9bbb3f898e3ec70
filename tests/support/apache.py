"""A web server with a firewall before the backend: Apache, ModSecurity and the OWASP rules.

As Debian ships them: engine on, everything else at its default. Nothing of the system's own Apache
is used or changed. The rules already hold the address 127.0.0.1 against each request: with three
points of the five that refuse it, so they are stricter here than where the host has a name.
"""

import re
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.demo import processes
from tools.demo.ports import free_port

MODULES = Path("/usr/lib/apache2/modules")
MODSECURITY = Path("/etc/modsecurity")
PACKAGES = "apache2 libapache2-mod-security2 modsecurity-crs"
START_SECONDS = 60
LEAK = "You have an error in your SQL syntax; check the manual"

CONFIG = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder} default
ServerName deployr.test
Listen 127.0.0.1:{port}
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule unique_id_module {modules}/mod_unique_id.so
LoadModule security2_module {modules}/mod_security2.so
ErrorLog {folder}/error.log
# The backend puts this header on all that it says, nobody else does.
LogFormat "%>s\t%{{X-Content-Type-Options}}o\t%m %U%q" answers
CustomLog {folder}/answers.log answers
DocumentRoot {folder}/pages

Include {folder}/modsecurity.conf
Include {modsecurity}/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf

{site}
"""

PROXY = """
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
ProxyPreserveHost On
ProxyPass /leak !
ProxyPass / {backend}/
<Location /leak>
    Require all granted
    ForceType text/plain
</Location>
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A line of the access log."""

    status: int
    is_backends: bool
    """Whether the backend gave it, not the server or its firewall in the backend's place."""
    request: str


class Apache:
    """A running server; `stop()` or the end of a `with` ends it and removes its files."""

    def __init__(self, backend: str) -> None:
        """Serve what is at the URL `backend`. Raises RuntimeError when it does not start."""
        program = shutil.which("apache2", path="/usr/sbin:/usr/bin")
        if not program or not (MODSECURITY / "crs").exists():
            raise RuntimeError(f"Apache or its firewall is missing: apt-get install {PACKAGES}")
        # Not below pytest's own folder, which the workers (www-data) may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="deployr-apache-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._write(backend)
        argv = [program, "-f", str(self.folder / "httpd.conf"), "-D", "FOREGROUND"]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self._process = processes.start(argv, log=self.folder / "output.log", env=env)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its files."""
        processes.stop(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self) -> list[Answer]:
        """Return what was answered to whom so far."""
        rows = [line.split("\t") for line in self._read("answers.log").splitlines()]
        return [
            Answer(status=int(status), is_backends=marker != "-", request=request)
            for status, marker, request in rows
        ]

    def denials(self) -> list[str]:
        """Return what ModSecurity said of each request or answer that it refused."""
        found = re.findall(
            r"ModSecurity: (?:Access denied|.*larger than).*", self._read("error.log")
        )
        return [str(line) for line in found]

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")

    def _write(self, backend: str) -> None:
        (self.folder / "modsecurity.conf").write_text(_modsecurity(self.folder))
        (self.folder / "data").mkdir()
        (self.folder / "data").chmod(0o1777)
        (self.folder / "pages").mkdir()
        (self.folder / "pages" / "leak").write_text(LEAK)
        config = CONFIG.format(
            folder=self.folder,
            port=self.port,
            modules=MODULES,
            modsecurity=MODSECURITY,
            site=self._site(backend),
        )
        (self.folder / "httpd.conf").write_text(config)

    def _site(self, backend: str) -> str:
        """Return the part of the configuration that says what is served."""
        return PROXY.format(modules=MODULES, backend=backend)

    def _wait(self) -> None:
        for _ in processes.pauses(START_SECONDS):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
        said = [self._read(path.name) for path in self.folder.glob("*.log")]
        raise RuntimeError("Apache did not start:\n" + "\n".join(said))


def _modsecurity(folder: Path) -> str:
    """Return Debian's recommended configuration with the engine on and files of our own."""
    text = (MODSECURITY / "modsecurity.conf-recommended").read_text()
    for name, value in {
        "SecRuleEngine": "On",
        "SecAuditLog": folder / "audit.log",
        "SecTmpDir": folder / "data",
        "SecDataDir": folder / "data",
        "SecUnicodeMapFile": f"{MODSECURITY / 'unicode.mapping'} 20127",
    }.items():
        text, changed = re.subn(rf"(?m)^{name} .*$", f"{name} {value}", text)
        if changed != 1:
            raise RuntimeError(f"the recommended configuration sets {name} {changed} times")
    return text
