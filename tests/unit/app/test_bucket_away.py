"""The bucket with the logs of finished jobs fails in the middle, or is away for a while."""

import socket
import threading
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.factories import claim, finish, make_job
from tests.support.backend import refusal
from tools.demo.ports import free_port

BUCKET = "now-and-then"
TICK = "a-token-for-the-cron-of-tests"
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nfirst bytes"


@pytest.fixture(scope="module")
def port():
    return free_port()


@contextmanager
def bucket(port):
    """Serve S3; what is in it outlives the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def cutter():
    """A server that takes all, and breaks off in the middle of what it gives; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_cut, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _cut(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as asked:
            is_put = asked.readline().startswith(b"PUT")
            header = dict(line.lower().split(b": ", 1) for line in iter(asked.readline, b"\r\n"))
            if b"expect" in header:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            asked.read(int(header.get(b"content-length", 0)))
            connection.sendall(TAKEN if is_put else CUT)


@pytest.fixture
def at_bucket(make_app, s3_keys):
    """Return a backend with its logs in the bucket behind a URL."""

    def make(url):
        s3 = {"DEPLOYR_S3_BUCKET": BUCKET, "DEPLOYR_S3_URL": url}
        return make_app(DEPLOYR_TICK_TOKEN=TICK, DEPLOYR_LOG_STORE="s3", **s3)

    return make


@pytest.fixture
def app(at_bucket, port):
    return at_bucket(f"http://127.0.0.1:{port}")


@pytest.fixture
def job(ada, project, runner):
    made = make_job(ada, project)
    claim(runner, made)
    finish(runner, made, logs="whole\n", log_final_bytes=6)
    return made


def tick(app):
    headers = {"Authorization": f"Bearer {TICK}"}
    return app.test_client().post("/api/tick", headers=headers).json


def read(app, user, job):
    headers = {"Authorization": f"Bearer {user.token}"}
    return app.test_client().get(f"/api/jobs/{job['id']}", headers=headers)


def check_refusal(answer):
    assert (503, "log_store_unavailable") == refusal(answer)
    assert int(answer.headers["Retry-After"]) > 0


def test_bucket_that_was_away_is_used_again_without_a_restart(app, ada, job, port):
    assert {"logs_moved": 0, "outbox_done": 0, "failed": 1} == tick(app)
    with bucket(port):
        url = f"http://127.0.0.1:{port}"
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket=BUCKET)
        assert {"logs_moved": 1, "outbox_done": 0, "failed": 0} == tick(app)

    check_refusal(read(app, ada, job))

    with bucket(port):
        assert "whole\n" == read(app, ada, job).json["logs"]


def test_answer_that_breaks_off_is_no_log_and_no_bug(at_bucket, app, ada, job, port):
    """Neither for who reads it nor for the tick that checks what it wrote."""
    with cutter() as url:
        assert {"logs_moved": 0, "outbox_done": 0, "failed": 1} == tick(at_bucket(url))
        with bucket(port):
            boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}").create_bucket(Bucket=BUCKET)
            assert {"logs_moved": 1, "outbox_done": 0, "failed": 0} == tick(app)

        check_refusal(read(at_bucket(url), ada, job))
