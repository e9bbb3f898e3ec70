"""A web server as hosters run it: Apache before PHP-FPM, serving an unprivileged user's directory.

Symbolic links are followed only where their owner owns the goal too. PHP keeps compiled code until
it is told otherwise, and runs as the user. Nothing of the system's own servers is used.
"""

import http.client
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Self

from tests.support.apache import MODULES
from tools.demo import processes
from tools.demo.ports import free_port

START_SECONDS = 60
_SURE = 10
"""So many answers by a new configuration, as old workers go one by one."""
PACKAGES = "apache2 php-fpm"

_LOADED = "mpm_event authz_core alias dir mime env setenvif rewrite proxy proxy_fcgi"

_HTTPD = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
Mutex file:{folder} default
ServerName deployr.test
Listen 127.0.0.1:{port}
User www-data
Group www-data
{modules}
ErrorLog {folder}/error.log
TypesConfig /etc/mime.types
DirectoryIndex index.php index.html
<Directory />
    Options SymLinksIfOwnerMatch
    AllowOverride FileInfo Indexes Options=Indexes,SymLinksIfOwnerMatch
    Require all granted
</Directory>
<FilesMatch "^\\.ht">
    Require all denied
</FilesMatch>
<FilesMatch "\\.php$">
    SetHandler "proxy:unix:{folder}/fpm.sock|fcgi://localhost"
</FilesMatch>
Include {folder}/docroot.conf
"""

_FPM = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[site]
{identity}
listen = {folder}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 3
php_admin_value[opcache.enable] = 1
php_admin_value[opcache.validate_timestamps] = 0
php_admin_value[error_log] = {folder}/php.log
"""


class ApacheSite:
    """A running server; `stop()` or the end of a `with` ends it. Started by root."""

    def __init__(self, user: str, docroot: Path) -> None:
        """Serve `docroot` of `user`. Raises RuntimeError when it does not start."""
        self.folder = Path(tempfile.mkdtemp(prefix="deployr-site-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            self._write(user, docroot)
            fpm, *_ = [*sorted(Path("/usr/sbin").glob("php-fpm*")), Path("missing")]
            self._start(str(fpm), "--nodaemonize", "-R", "-y", str(self.folder / "fpm.conf"))
            self._wait(self.folder / "fpm.sock")
            apache = shutil.which("apache2", path="/usr/sbin") or "missing"
            # -T: a document root may come later.
            conf = str(self.folder / "httpd.conf")
            self._apache = self._start(apache, "-T", "-f", conf, "-D", "FOREGROUND")
            self._wait(self.folder / "httpd.pid")
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the servers and remove their files."""
        for process in reversed(self._processes):
            processes.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve(self, docroot: Path) -> None:
        """Serve another directory, as cPanel does when a document root is changed."""
        sign = f"/{secrets.token_hex(8)}"
        config = f'DocumentRoot "{docroot}"\nRedirect gone {sign}\n'
        (self.folder / "docroot.conf").write_text(config)
        self._apache.send_signal(signal.SIGUSR1)
        in_row = 0
        for _ in processes.pauses(START_SECONDS):
            in_row = in_row + 1 if self.get(sign)[0] == HTTPStatus.GONE else 0
            if in_row == _SURE:
                return
        raise RuntimeError("the web server did not read its configuration again")

    def get(self, path: str = "/") -> tuple[int, str]:
        """Return status and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _write(self, user: str, docroot: Path) -> None:
        modules = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in _LOADED.split())
        names = {"folder": self.folder, "port": self.port, "modules": modules}
        (self.folder / "httpd.conf").write_text(_HTTPD.format(**names))
        (self.folder / "docroot.conf").write_text(f'DocumentRoot "{docroot}"\n')
        group = pwd.getpwnam(user).pw_gid
        identity = f"user = {user}\ngroup = {group}" if os.geteuid() == 0 else ""
        (self.folder / "fpm.conf").write_text(_FPM.format(folder=self.folder, identity=identity))

    def _start(self, *argv: str) -> subprocess.Popen[bytes]:
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        try:
            process = processes.start(argv, log=self.folder / "output.log", env=env)
        except FileNotFoundError:
            raise RuntimeError(f"a server is missing: apt-get install {PACKAGES}") from None
        self._processes.append(process)
        return process

    def _wait(self, sign: Path) -> None:
        for _ in processes.pauses(START_SECONDS):
            if sign.exists():
                return
            if self._processes[-1].poll() is not None:
                break
        said = [path.read_text(errors="replace") for path in self.folder.glob("*.log")]
        raise RuntimeError("the web server did not start:\n" + "\n".join(said))
