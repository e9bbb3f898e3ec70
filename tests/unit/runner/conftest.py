"""Fixtures of the runner's tests: a backend, and a site to deploy."""

import threading
from collections.abc import Callable, Iterator

import pytest

from deployr.states import Reason
from runner import backoff, shell
from runner.agent import Agent
from runner.client import Client
from runner.config import Places
from runner.main import main
from runner.stop import StopFlag
from tests.support import waiting
from tests.support.command_line import CommandLine

from .apart import Server, agent_and_builders, new_server
from .fake_backend import TOKEN, FakeBackend
from .site import Site
from .web_app import App


@pytest.fixture
def backend():
    """A backend that speaks the runner's protocol."""
    found = FakeBackend()
    yield found
    found.close()


@pytest.fixture
def site(tmp_path, backend) -> Site:
    """A project with an empty repository, allowed from its branch main."""
    return Site(tmp_path, backend)


@pytest.fixture
def impatient(monkeypatch):
    """Failures are tried again at once, and soon also after many of them."""
    monkeypatch.setattr(backoff, "MIN_SECONDS", 0.02)
    monkeypatch.setattr(backoff, "MAX_SECONDS", 0.5)


@pytest.fixture
def agent(site, impatient):
    """An agent that works in a thread; yields the flag that stops it."""
    with StopFlag() as stop:
        worker = Agent(Client(site.backend.url, TOKEN), site.places, stop)
        thread = threading.Thread(target=worker.run)
        thread.start()
        yield stop
        stop.set(Reason.RUNNER_STOPPED)
        thread.join()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until something is true."""
    return waiting.eventually


@pytest.fixture
def places(tmp_path) -> Places:
    """Where a runner keeps its things, empty as yet."""
    return Places(config=tmp_path / "config", state=tmp_path / "state")


@pytest.fixture
def command(places, monkeypatch, capsys) -> CommandLine:
    """The command `deployr-runner` of those places."""
    where = ("--config-dir", str(places.config), "--state-dir", str(places.state))
    return CommandLine(main, monkeypatch, capsys, *where)


@pytest.fixture
def app():
    """A web app whose pages the test writes."""
    server = App()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def users() -> Iterator[None]:
    """The users that the installer makes, and its rule for sudo."""
    with agent_and_builders():
        yield


@pytest.fixture(params=["root", "sudo"])
def server(request, users, site, monkeypatch) -> Iterator[Server]:
    """A runner whose builds are of another user: one that is root, and one that is not."""
    monkeypatch.setattr(shell, "TERM_SECONDS", 0.5)
    # Python may be where others can't read it: what it loads late is loaded before.
    site.commit({"index.html": "warm-up"})
    site.push()
    with new_server(request.param) as found:
        yield found
