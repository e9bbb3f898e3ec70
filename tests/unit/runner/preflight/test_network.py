"""Whether something answers where the health check will ask; it is never more than a warning."""

import socket
import threading

from runner.preflight import network
from runner.preflight.network import page_findings, port_findings


def test_a_spare_port_is_there():
    assert [] == port_findings()


def test_server_that_listens_is_fine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert [] == page_findings(f"http://127.0.0.1:{server.getsockname()[1]}/up")


def test_nobody_listens():
    (found,) = page_findings("http://127.0.0.1:9/up")

    assert "warning" == found.kind
    assert found.text.endswith("nothing answers at 127.0.0.1:9 (Connection refused)")


def test_name_that_does_not_exist():
    (found,) = page_findings("https://no-such-host.invalid/")

    assert "warning" == found.kind
    assert "deploy.health_check.url https://no-such-host.invalid/: no-such-host.inv" in found.text


def test_name_server_that_never_answers_holds_nobody_up(monkeypatch):
    was_told = threading.Event()

    def slow(*_: object) -> None:
        was_told.wait()
        raise OSError("too late")

    monkeypatch.setattr(network, "SECONDS", 0.02)
    monkeypatch.setattr(socket, "create_connection", slow)
    (found,) = page_findings("http://slow.example/")
    was_told.set()

    assert "slow.example does not answer within 0.02 s" in found.text
