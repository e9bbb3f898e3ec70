"""A real MariaDB for tests: own data directory, free loopback port, no service manager."""

import getpass
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pymysql

from tools.demo.ports import free_port

START_SECONDS = 120
OPTIONS = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=32M",
    "--max-connections=200",
    "--performance-schema=OFF",
)


class MariaDb:
    """A running server; `stop()` or the end of a `with` ends it and removes its files."""

    account = getpass.getuser()
    """Whose process it is."""

    def __init__(self, *options: str) -> None:
        """Start the server; `options` win over OPTIONS.

        Raises RuntimeError when MariaDB is missing or does not start.
        """
        for tool in ("mariadbd", "mariadb-install-db"):
            if not _find(tool):
                raise RuntimeError(f"{tool} is missing: apt-get install mariadb-server")
        self._folder = Path(tempfile.mkdtemp(prefix="deployr-mariadb-"))
        self._numbers = itertools.count(1)
        self._options = (*OPTIONS, *options)
        self.port = free_port()
        self._install()
        self._process = self._launch()
        try:
            self._wait()
            self._create_user()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        name = f"deployr_{os.getpid()}_{next(self._numbers)}"
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return f"mysql+pymysql://deployr:deployr@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    def create_hosting_account(self, name: str, rights: str = "ALL") -> str:
        """Create a database and its user, as hosters do; return the URL."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}_deployr")
            cursor.execute(
                f"CREATE USER {name}_app@'127.0.0.1' IDENTIFIED BY 'p' WITH MAX_USER_CONNECTIONS 10"
            )
            cursor.execute(f"GRANT {rights} ON `{name}\\_%`.* TO {name}_app@'127.0.0.1'")
        return f"mysql://{name}_app:p@127.0.0.1:{self.port}/{name}_deployr"

    def restart(self, *, kill: bool = False) -> None:
        """End the server as `go_down` does, and start it again on the same files and port."""
        self.go_down(kill=kill)
        self.come_up()

    def go_down(self, *, kill: bool = False) -> None:
        """End the server as an administrator does, or as a crash does (`kill`)."""
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(START_SECONDS)

    def come_up(self) -> None:
        """Start the server that went down; return when it answers."""
        self._process = self._launch()
        self._wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server answer nothing for a while, its port still open."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the server and remove its files."""
        self.go_down()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _install(self) -> None:
        argv = [
            _find("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self._folder / 'data'}",
            f"--tmpdir={self._folder}",  # a server that starts clears what others have in /tmp
            f"--user={self.account}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=32M",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}{done.stderr}")

    def _launch(self) -> subprocess.Popen[bytes]:
        argv = [
            _find("mariadbd"),
            *self._options,
            f"--datadir={self._folder / 'data'}",
            f"--tmpdir={self._folder}",  # a server that starts clears what others have in /tmp
            f"--user={self.account}",
            f"--port={self.port}",
            f"--socket={self._folder / 'socket'}",
            f"--pid-file={self._folder / 'pid'}",
        ]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                log = (self._folder / "log").read_text(errors="replace")
                raise RuntimeError(f"mariadbd did not start:\n{log}")
            time.sleep(0.1)

    def _create_user(self) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER deployr@'127.0.0.1' IDENTIFIED BY 'deployr'")
            cursor.execute("GRANT ALL ON *.* TO deployr@'127.0.0.1'")

    def _listens(self) -> bool:
        # PyMySQL leaves its socket open when it can't connect; a plain one does not.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._folder / "socket")) == 0

    def _connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        socket_path = str(self._folder / "socket")
        return pymysql.connect(unix_socket=socket_path, user="root", ssl_disabled=True)


def _find(tool: str) -> str:
    """Return the tool's path; sbin is not on every user's PATH."""
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""
