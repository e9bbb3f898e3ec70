"""Real clients against the real backend."""

import threading

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import User
from cli.main import main
from tests.support.checkout import DeveloperCheckout
from tests.support.command_line import CommandLine
from tests.support.live import HandRunner, LiveBackend


@pytest.fixture
def backend():
    """The backend on SQLite, served on a loopback port."""
    with LiveBackend() as live:
        yield live


@pytest.fixture
def hand_runner(backend):
    return HandRunner(backend)


@pytest.fixture
def deployr(monkeypatch, capsys, tmp_path, backend):
    """The command line, signed in to the backend."""
    monkeypatch.setenv("DEPLOYR_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("DEPLOYR_TOKEN", raising=False)
    monkeypatch.delenv("DEPLOYR_URL", raising=False)
    run = CommandLine(main, monkeypatch, capsys)
    assert run("login", "--url", backend.url, stdin=backend.token).code == 0
    return run


@pytest.fixture
def another(deployr, backend, monkeypatch):
    """Make one more user, who signs in with GitHub by the same name; returns their command line."""

    def make(name):
        token = backend.another_user(f"{name}@example.com")
        with backend.app.app_context():
            github = {"github_login": name.title(), "github_id": f"github-{name}"}
            db.session.execute(update(User).where(User.handle == name).values(github))
            db.session.commit()

        def run(*arguments):
            with monkeypatch.context() as theirs:
                theirs.setenv("DEPLOYR_URL", backend.url)
                theirs.setenv("DEPLOYR_TOKEN", token)
                return deployr(*arguments)

        return run

    return make


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A static app in a git repository with an origin; the current directory."""
    made = DeveloperCheckout(tmp_path)
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def in_background():
    """Run a function in a thread that is joined at the end of the test."""
    threads = []

    def start(function):
        thread = threading.Thread(target=function)
        thread.start()
        threads.append(thread)

    yield start
    for thread in threads:
        thread.join(60)
