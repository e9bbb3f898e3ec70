"""`deployr login` as a process, against the real backend and a small GitHub."""

import json
import signal
import stat
import time

import pytest
import requests

from tests.support.cli_process import CliProcess
from tests.support.github import Account, FakeGithub
from tests.support.live import LiveBackend

ADA = Account(
    id=7, login="ada-l", emails=[{"email": "ada@example.com", "primary": True, "verified": True}]
)
EVE = Account(
    id=8, login="eve", emails=[{"email": "eve@example.com", "primary": True, "verified": True}]
)
USER_CODE = r"enter the code ([A-Z]{4}-[A-Z]{4})"


@pytest.fixture
def github():
    with FakeGithub() as server:
        yield server


@pytest.fixture
def backend(github):
    with LiveBackend(**github.settings()) as live:
        yield live


@pytest.fixture
def login(backend, tmp_path):
    """Start `deployr login`; it ends with the test."""
    started = []

    def start(*arguments, **environment):
        command = ("login", "--url", backend.url, *arguments)
        started.append(CliProcess(tmp_path / "config", *command, **environment))
        return started[-1]

    yield start
    for each in started:
        with each:
            pass


@pytest.fixture
def saved(tmp_path):
    return tmp_path / "config" / "config.json"


def _browse(address):
    """Open an address as a browser does and return the page at the end."""
    return requests.get(address, timeout=10)


def test_code_that_is_entered_at_github_signs_in(login, github, backend, saved):
    running = login()
    code = running.find(USER_CODE)
    assert f"Open {github.url}/login/device" in running.said
    github.authorise(code, ADA)

    assert 0 == running.wait()
    assert f"✓ Signed in to {backend.url} as Ada (ada@example.com)" in running.said
    token = json.loads(saved.read_text())["token"]
    assert 0o600 == stat.S_IMODE(saved.stat().st_mode)
    assert "ada-l" == backend.ask("GET", "/api/user", token=token).json()["github_login"]
    assert not [secret for secret in (token, *github.accounts) if secret in running.said]


def test_polls_go_on_while_the_code_is_pending_and_slow_down_when_told(login, github):
    github.slow_downs, github.slower_interval = 1, 0.5
    running = login()
    code = running.find(USER_CODE)
    while len(github.polls) < 3:
        time.sleep(0.05)
    github.authorise(code, ADA)

    assert 0 == running.wait()
    gaps = [later - earlier for earlier, later in zip(github.polls, github.polls[1:], strict=False)]
    assert min(gaps) >= 0.5


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (FakeGithub.deny, "You refused at GitHub."),
        (FakeGithub.expire, "The code was not entered in time."),
    ],
)
def test_code_that_is_refused_or_too_old(login, github, saved, act, words):
    running = login()
    act(github, running.find(USER_CODE))

    assert 3 == running.wait()
    assert words in running.said
    assert not saved.exists()


def test_stranger_is_told_whom_to_ask(login, github, saved):
    running = login()
    github.authorise(running.find(USER_CODE), EVE)

    assert 3 == running.wait()
    assert "eve is not admitted here." in running.said
    assert not saved.exists()


def test_ctrl_c_leaves_nothing_behind(login, saved):
    running = login()
    running.find(USER_CODE)
    running.find("(Waiting)")
    running.send(signal.SIGINT)

    assert 130 == running.wait()
    assert "Traceback" not in running.said
    assert not saved.exists()


def test_browser_comes_back_by_itself(login, github, backend, saved):
    github.visitor = ADA
    running = login("--web")

    page = _browse(running.find(r"Open (\S+/login/oauth/authorize\S+)"))

    assert "go back to the terminal" in page.text
    assert 0 == running.wait()
    assert "as Ada (ada@example.com)" in running.said
    token = json.loads(saved.read_text())["token"]
    assert "ada-l" == backend.ask("GET", "/api/user", token=token).json()["github_login"]


def test_browser_whose_user_refuses(login, github, saved):
    running = login("--web")

    _browse(running.find(r"Open (\S+/login/oauth/authorize\S+)"))

    assert 3 == running.wait()
    assert "You refused at GitHub." in running.said
    assert not saved.exists()


@pytest.mark.parametrize("state", ["", "&state=guessed", "&state=%C3%A9"])
def test_answer_without_our_state_ends_it(login, github, saved, state):
    running = login("--web")
    back = running.find(r"redirect_uri=(\S+?)&").replace("%3A", ":").replace("%2F", "/")

    assert 404 == _browse(back.replace("/callback", "/favicon.ico")).status_code
    assert 200 == _browse(f"{back}?code=of-somebody-else{state}").status_code

    assert 3 == running.wait()
    assert "an answer that is not ours" in running.said
    assert not saved.exists()
    with pytest.raises(requests.ConnectionError):
        _browse(back)


def test_token_of_the_environment_that_wins_is_told_of(login, github, backend):
    running = login(DEPLOYR_TOKEN=backend.token)
    github.authorise(running.find(USER_CODE), ADA)

    assert 0 == running.wait()
    assert "DEPLOYR_TOKEN of your environment is used in place of this token." in running.said


def test_token_for_machines(login, backend, saved):
    assert 0 == login("--token", DEPLOYR_TOKEN=backend.token).wait()
    assert backend.token == json.loads(saved.read_text())["token"]


def test_app_of_the_backend_that_allows_no_codes(login, github):
    github.device_flow = False
    running = login()

    assert 3 == running.wait()
    assert "“Device Flow”" in running.said


def test_two_ways_at_once_are_refused(login):
    assert 2 == login("--web", "--token").wait()
