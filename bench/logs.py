"""How fast a job's log goes into the database, and comes out of it.

`python -m bench.logs`: 5 MiB of npm's log as a runner sends it, in chunks of 64 KiB, packed and
posted one after the other to a backend on MariaDB and on SQLite. The floor of writing is a view of
the same backend that discards what it gets. The floor of reading by `log_from`, as `deployr logs`
does, is one plain SELECT of all rows, unpacked. A part near the end must cost what one at the start
costs.
"""

import base64
import gzip
import random
import statistics
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import requests
from flask import Flask, request

from app.extensions import db
from bench.backend import BenchBackend
from bench.databases import durable_mariadb, sqlite
from bench.figures import ROUNDS, seconds_of, tell_at_least, tell_at_most
from bench.redact import npm_line
from deployr.logchunk import MAX_CHUNK_BYTES, LogChunk
from tests.factories import make_job, make_runner

LOG_BYTES = 5 * 1024 * 1024
LAST_PART = LOG_BYTES - 256 * 1024
LOOKS = 10
WRITE_TARGET = 0.18
READ_TARGET = 20.0
END_TARGET = 1.5
DISCARD = "/discard"


class Round(NamedTuple):
    """Seconds of one round."""

    written: float
    discarded: float
    parts: float
    rows: float
    first: float
    last: float


class Sender:
    """One runner with one connection pool, and the user who reads what it sends."""

    def __init__(self, backend: BenchBackend) -> None:
        self.backend = backend
        self._runner = make_runner(backend.owner)
        self._session = requests.Session()

    def claim(self) -> int:
        """Create and claim a job; return its id."""
        job_id: int = make_job(self.backend.owner)["id"]
        self._post(f"/api/runner/jobs/{job_id}/status", {"status": "running", "claim_id": "claim"})
        return job_id

    def send(self, log: bytes, path: str) -> None:
        """Pack and post the log, chunk by chunk."""
        for off in range(0, len(log), MAX_CHUNK_BYTES):
            chunk = LogChunk.pack(off, log[off : off + MAX_CHUNK_BYTES]).model_dump()
            self._post(path, {"status": "running", "claim_id": "claim", "log": chunk})

    def read(self, job_id: int, start: int) -> bytes:
        """Return the part of the log that begins there."""
        url = f"{self.backend.url}/api/jobs/{job_id}?log_from={start}"
        headers = {"Authorization": f"Bearer {self.backend.token}"}
        answer = self._session.get(url, headers=headers, timeout=60)
        return base64.b64decode(answer.json()["log"]["data"])

    def read_all(self, job_id: int) -> bytes:
        """Return the whole log, read part by part."""
        found = bytearray()
        while part := self.read(job_id, len(found)):
            found += part
        return bytes(found)

    def _post(self, path: str, body: dict[str, object]) -> None:
        headers = {"Authorization": f"Bearer {self._runner.token}"}
        url = self.backend.url + path
        answer = self._session.post(url, json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text


def main() -> None:
    """Measure both databases."""
    with durable_mariadb() as url:
        measure("mariadb", url)
    measure("sqlite", sqlite())


def measure(name: str, url: str) -> None:
    """Run the rounds on one database and print the figures."""
    random_ = random.Random(5)  # the same log in every run
    log = "".join(npm_line(random_) for _ in range(LOG_BYTES // 50)).encode()[:LOG_BYTES]
    assert len(log) == LOG_BYTES
    backend = BenchBackend(url)
    add_discard(backend.app)
    with backend:
        rounds = list(interleaved(Sender(backend), log))[1:]  # the first one warms up
    median = Round(*(statistics.median(column) for column in zip(*rounds, strict=True)))
    size = LOG_BYTES / 1e6
    print(f"{name}, median of {ROUNDS}: written {size / median.written:.1f} MB/s, discarded")
    print(f"  {size / median.discarded:.1f} MB/s; read in parts {size / median.parts:.1f} MB/s,")
    print(f"  by one SELECT {size / median.rows:.0f} MB/s;")
    print(f"  first part {median.first * 1e3:.1f} ms, last {median.last * 1e3:.1f} ms")
    write = statistics.median(each.discarded / each.written for each in rounds)
    tell_at_least(f"log-write-{name}", write, WRITE_TARGET)
    read = statistics.median(each.parts / each.rows for each in rounds)
    tell_at_most(f"log-read-{name}", read, READ_TARGET)
    end = statistics.median(each.last / each.first for each in rounds)
    tell_at_most(f"log-end-{name}", end, END_TARGET)


def add_discard(app: Flask) -> None:
    """Add the floor of writing: a view that takes a request and drops it."""

    @app.post(DISCARD)
    def discard() -> dict[str, object]:
        request.get_data()
        return {}


def interleaved(sender: Sender, log: bytes) -> Iterator[Round]:
    """Yield the rounds, each with a log of its own; the first one warms up."""
    for _ in range(ROUNDS + 1):
        job_id = sender.claim()
        written = seconds_of(partial(sender.send, log, f"/api/runner/jobs/{job_id}/status"))
        discarded = seconds_of(partial(sender.send, log, DISCARD))
        assert sender.read_all(job_id) == log
        parts = seconds_of(partial(sender.read_all, job_id))
        rows = seconds_of(partial(read_rows, sender.backend.app, job_id))
        looks = [
            [seconds_of(partial(sender.read, job_id, start)) for start in (0, LAST_PART)]
            for _ in range(LOOKS)
        ]
        first, last = (statistics.median(column) for column in zip(*looks, strict=True))
        yield Round(written, discarded, parts, rows, first, last)


def read_rows(app: Flask, job_id: int) -> None:
    """Read all pieces of a log at once and unpack them."""
    query = f"SELECT off, data FROM job_logs WHERE job_id = {job_id} ORDER BY off"
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    assert len(b"".join(gzip.decompress(row.data) for row in rows)) == LOG_BYTES


if __name__ == "__main__":
    main()
