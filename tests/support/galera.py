"""Three MariaDB servers on loopback that are one Galera cluster."""

import getpass
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pymysql

from tests.support.mariadb import START_SECONDS, MariaDb
from tools.demo.ports import free_ports

LIBRARIES = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so")
NODES = 3


class Node(MariaDb):
    """One server of the cluster."""

    # As root, rsync's daemon would not write what it is sent to a server that joins.
    account = "mysql" if os.geteuid() == 0 else getpass.getuser()

    def __init__(self, number: int, ports: list[int], *, founds: bool) -> None:
        """Start the server `number`; `ports` are where all of them talk, `founds` is the first."""
        self._founds = founds
        mine, state, changes = ports[number], *free_ports(2)
        group = ",".join(f"127.0.0.1:{port}" for port in ports)
        provider = {
            "base_host": "127.0.0.1",
            "base_port": mine,
            "gmcast.listen_addr": f"tcp://127.0.0.1:{mine}",
            "ist.recv_addr": f"127.0.0.1:{changes}",
            "gcache.size": "64M",
        }
        joined = ";".join(f"{name}={value}" for name, value in provider.items())
        super().__init__(
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--wsrep-on=ON",
            f"--wsrep-provider={_library()}",
            "--wsrep-cluster-name=deployr",
            f"--wsrep-cluster-address=gcomm://{group}",
            f"--wsrep-node-name=node{number}",
            f"--wsrep-node-address=127.0.0.1:{mine}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{state}",
            f"--wsrep-provider-options={joined}",
            *(["--wsrep-new-cluster"] if founds else []),
        )
        self._options = tuple(each for each in self._options if each != "--wsrep-new-cluster")

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, reached by this server."""
        return f"mysql+pymysql://deployr:deployr@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def status(self, name: str) -> str:
        """Return a status variable of the cluster's as this server sees it."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE %s", (f"wsrep_{name}",))
            row = cursor.fetchone()
        return row[1] if row else ""

    @contextmanager
    def held(self, seconds: float) -> Iterator[threading.Timer]:
        """Let the server apply nothing that comes from the others.

        What is yielded ends that so many seconds after its `start()`.
        """
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("FLUSH TABLES WITH READ LOCK")
            release = threading.Timer(seconds, cursor.execute, ["UNLOCK TABLES"])
            yield release
            release.join()

    def _install(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._folder, self.account)
        super()._install()

    def _wait(self) -> None:
        super()._wait()
        end = time.monotonic() + START_SECONDS
        while not self._is_synced():
            assert time.monotonic() < end, (self._folder / "log").read_text(errors="replace")
            time.sleep(0.1)

    def _create_user(self) -> None:
        if self._founds:  # the others got it with the data
            super()._create_user()

    def _is_synced(self) -> bool:
        try:
            return self.status("local_state_comment") == "Synced"
        except pymysql.Error:
            return False


class Galera:
    """A cluster of three; `nodes` can go down and come up again."""

    def __init__(self) -> None:
        """Start the servers one after the other."""
        ports = free_ports(NODES)
        self.nodes: list[Node] = []
        try:
            for number in range(NODES):
                self.nodes.append(Node(number, ports, founds=number == 0))
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_database(self) -> list[str]:
        """Create an empty database; return its URL on each server."""
        name = self.nodes[0].create_database().rpartition("/")[2].partition("?")[0]
        return [node.url(name) for node in self.nodes]

    def stop(self) -> None:
        """End all servers; nothing of them has to be kept."""
        for node in self.nodes:
            node.go_down(kill=True)
            node.stop()


def _library() -> str:
    found = [path for path in LIBRARIES if Path(path).exists()]
    if not found:
        raise RuntimeError("Galera is missing: apt-get install galera-4")
    return found[0]
