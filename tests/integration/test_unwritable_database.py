"""A database that can be read but not written, and what happens when it can again."""

import base64
import random
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import make_url

from app import create_app
from app.extensions import db
from tests.factories import chunk, claim, finish, make_job, make_project, make_runner, make_user
from tests.support.backend import refusal
from tests.support.databases import at, migrate
from tests.support.mariadb import MariaDb
from tests.support.small_disk import small_disk

PIECE_BYTES = 60_000
MOST_PIECES = 2000
KIB = 3000
TABLES_KIB = 40_000


class Job:
    """A claimed job whose log comes in pieces that can't be packed."""

    def __init__(self, app: Flask) -> None:
        self._user = make_user(app)
        self._runner = make_runner(self._user)
        self._job = make_job(self._user, make_project(self._user, runner_id=self._runner.id))
        self._log = b""
        claim(self._runner, self._job)

    def send(self):
        """Send one more piece; return the answer."""
        raw = random.randbytes(PIECE_BYTES)
        path = f"/api/runner/jobs/{self._job['id']}/status"
        body = {"status": "running", "claim_id": "claim-1", "log": chunk(len(self._log), raw)}
        answer = self._runner.post(path, body)
        if answer.status_code == 200:
            self._log += raw
        return answer

    def check(self):
        """Everything that was acknowledged is there, and the job ends."""
        assert 200 == self.send().status_code
        size = len(self._log)
        assert "completed" == finish(self._runner, self._job, log_final_bytes=size)["status"]
        end = size - PIECE_BYTES
        shown = self._user.read(f"/api/jobs/{self._job['id']}", log_from=end)
        assert shown["logs_complete"]
        assert self._log[end:] == base64.b64decode(shown["log"]["data"])


@contextmanager
def _running(url):
    """Yield a job at a backend on this database."""
    app = create_app({"TESTING": True, "DEPLOYR_LOG_CAP_BYTES": 10**9} | at(url))
    try:
        yield Job(app)
    finally:
        with app.app_context():
            db.engine.dispose()


def _check_refusal(answer):
    assert (503, "database_unavailable") == refusal(answer)
    assert "read-only or its disk is full" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def _send_until_refused(job):
    for _ in range(MOST_PIECES):
        answer = job.send()
        if answer.status_code != 200:
            return answer
    pytest.fail("the disk did not fill up")


def _fill(disk):
    """Leave no byte on a disk; return what to remove."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        try:
            while file.write(b"x" * 65536):
                file.flush()
        except OSError:
            return ballast
    return ballast


def _ordinary(server):
    """Return the URL of a new database as a user who may not overrule the server."""
    url = make_url(server.create_database())
    migrate(url.render_as_string(hide_password=False))
    with server._connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'")
        cursor.execute(f"GRANT ALL ON {url.database}.* TO app@'127.0.0.1'")
    return url.set(username="app", password="app").render_as_string(hide_password=False)


def test_read_only_server(tmp_path):
    with MariaDb() as server, _running(_ordinary(server)) as job:
        assert 200 == job.send().status_code
        for value in (1, 0):
            with server._connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"SET GLOBAL read_only = {value}")
            if value:
                _check_refusal(job.send())

        job.check()


def test_full_disk_of_the_server():
    """MariaDB goes down by itself; when it was started again the backend goes on."""
    with MariaDb() as server:
        url = server.create_database()
        place = server._folder / "data" / str(make_url(url).database)
        with small_disk(place, TABLES_KIB) as disk:
            migrate(url)
            with _running(url) as job:
                assert 200 == job.send().status_code
                ballast = _fill(disk)
                answer = _send_until_refused(job)
                assert (503, "database_unavailable") == refusal(answer)
                assert int(answer.headers["Retry-After"]) > 0
                ballast.unlink()
                server.restart(kill=True)

                job.check()


def test_full_disk_of_sqlite(tmp_path):
    with small_disk(tmp_path / "disk", KIB) as disk:
        url = f"sqlite:///{disk}/deployr.sqlite3"
        migrate(url)
        with _running(url) as job:
            assert 200 == job.send().status_code
            ballast = _fill(disk)
            _check_refusal(_send_until_refused(job))
            ballast.unlink()

            job.check()
