"""What child processes get of the runner's environment, and what an env file sets."""

import pytest

from runner import environment
from runner.envfile import read_env_file, values_in, values_of
from runner.errors import JobFailedError

OWN = {
    "DEPLOYR_CODE": "dpc_x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "GIT_TRACE": "1",
    "GIT_DIR": "/elsewhere",
    "LD_PRELOAD": "",
    "PYTHONPATH": "/elsewhere",
    "SSH_AUTH_SOCK": "/run/agent",
    "https_proxy": "http://proxy:3128",
    "SSL_CERT_FILE": "/etc/ca.pem",
}


@pytest.fixture
def own(monkeypatch):
    """Things in the runner's environment."""
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)


def test_every_process_gets_the_network_and_nothing_else_of_the_runner(own, monkeypatch):
    for name in ("http_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    names = set(environment.base()) & set(OWN)

    assert {"https_proxy", "SSL_CERT_FILE"} == names


def test_keys_of_git_are_for_git_alone(own):
    assert "/run/agent" == environment.for_git()["SSH_AUTH_SOCK"]
    assert "SSH_AUTH_SOCK" not in environment.for_app({}, {}, {}, {})


def test_git_neither_asks_nor_traces(own):
    env = environment.for_git()

    assert "0" == env["GIT_TERMINAL_PROMPT"]
    assert not {"GIT_TRACE", "GIT_DIR"} & set(env)
    assert "BatchMode=yes" in env["GIT_SSH_COMMAND"]


def test_ssh_command_of_the_owner_wins(monkeypatch):
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i /etc/deployr/key")

    assert "ssh -i /etc/deployr/key" == environment.for_git()["GIT_SSH_COMMAND"]


def test_facts_win_over_deploy_yaml_that_over_the_env_file_and_that_over_the_recipe():
    env = environment.for_app(
        {"A": "recipe", "B": "recipe", "C": "recipe", "D": "recipe"},
        {"B": "env file", "C": "env file", "D": "env file"},
        {"C": "manifest", "D": "manifest", "CI": "false"},
        {"D": "fact"},
    )

    assert {"A": "recipe", "B": "env file", "C": "manifest", "D": "fact", "CI": "false"} == {
        name: env[name] for name in ("A", "B", "C", "D", "CI")
    }


LINES = {
    "plain": ("A=b", {"A": "b"}),
    "double quotes": ('A="b c#d"', {"A": "b c#d"}),
    "single quotes": ("A='b $c'", {"A": "b $c"}),
    "comment": ("# A=b\nB=c # d", {"B": "c"}),
    "export": ("export A=b", {"A": "b"}),
    "several lines": ('A="b\nc"\nD=e', {"A": "b\nc", "D": "e"}),
    "no interpolation": ("A=b\nC=${A}-${HOME}", {"A": "b", "C": "${A}-${HOME}"}),
    "without values": ("A=\nB\nC=''", {}),
    "equals signs": ("APP_KEY=base64:abc==", {"APP_KEY": "base64:abc=="}),
    "windows": ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
}


@pytest.mark.parametrize(("text", "expected"), LINES.values(), ids=LINES)
def test_env_file_is_read_as_the_app_reads_it(text, expected):
    assert expected == values_of(text)


@pytest.mark.parametrize("text", [None, "", "# only a comment\n", "A=\n"])
def test_env_file_that_sets_nothing_is_none(tmp_path, text):
    path = tmp_path / "app.env"
    if text is not None:
        path.touch(mode=0o600)
        path.write_text(text)

    assert read_env_file(path) is None


def test_env_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "app.env"
    path.touch(mode=0o600)
    path.write_bytes(b"A=\xff\n")

    with pytest.raises(JobFailedError, match="can't be read"):
        read_env_file(path)


def test_env_file_of_another_owner_gives_what_it_can(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff-secret\nB=c\n")

    assert {"A": "\udcff-secret", "B": "c"} == values_in(path)
    assert {} == values_in(tmp_path / "missing")
