"""runner.toml, the token and the places where they are kept."""

import os
import stat
from pathlib import Path

import pytest

from runner.allowlist import Allow
from runner.config import Places, RunnerConfig, instance_id, load, load_token, save
from runner.config import save_token as write_token
from runner.errors import ConfigError
from runner.files import write_atomically

FULL = """
url = "https://deployr.example.com"
name = "web-1"
labels = ["web"]
capacity = 2
stop_seconds = 600

[[allow]]
project = "my-app"
repo = "git@github.com:me/my-app.git"
branches = ["main"]
path = "/var/www/my-app"
environment = "production"
"""
SHORT = 'url = "https://deployr.example.com"\nname = "web-1"\n'


def written(places: Places, text: str, mode: int = 0o600) -> Path:
    """Write runner.toml as its owner would."""
    path = places.config / "runner.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(places: Places) -> str:
    with pytest.raises(ConfigError) as caught:
        load(places)
    return str(caught.value)


def test_file_of_the_documentation_is_read(places):
    written(places, FULL)

    entry = Allow(
        project="my-app",
        repo="git@github.com:me/my-app.git",
        branches=("main",),
        path="/var/www/my-app",
    )
    expected = RunnerConfig(
        url="https://deployr.example.com",
        name="web-1",
        labels=("web",),
        capacity=2,
        stop_seconds=600,
        allow=(entry,),
    )
    assert expected == load(places)


def test_what_was_saved_is_loaded(places):
    written(places, FULL)
    config = load(places)
    save(places, config)

    assert config == load(places)


def test_missing_file_says_what_to_do(places):
    assert (
        f"{places.config}/runner.toml is missing; run `deployr-runner register` first, or name its "
        "place: deployr-runner --config-dir DIR …"
    ) == refusal(places)


BROKEN = {
    "no TOML": ("url = ", "is not TOML: "),
    "field missing": ('name = "x"', "url: Field required"),
    "field unknown": (SHORT + "colour = 1", "colour: Extra inputs are not permitted"),
    "wrong type": (SHORT + "allow = 1", "allow: "),
    "entry unknown field": (FULL + 'brnach = "x"', "allow.0.brnach: "),
    "entry wrong": (FULL.replace("/var/www", "www"), "allow.0.path: must be an absolute path"),
    "no capacity": (SHORT + "capacity = 0", "capacity: "),
    "too much capacity": (SHORT + "capacity = 17", "capacity: "),
    "negative time": (SHORT + "stop_seconds = -1", "stop_seconds: "),
    "endless time": (SHORT + "stop_seconds = inf", "stop_seconds: "),
    "plain http": (SHORT.replace("https", "http"), "must start with https://"),
    "no utf-8": (SHORT + "# \udcff", "can't be read"),
}


@pytest.mark.parametrize(("text", "problem"), BROKEN.values(), ids=BROKEN)
def test_broken_file_names_the_problem(places, text, problem):
    path = written(places, "")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert problem in refusal(places)


def test_entries_that_contradict_each_other_are_refused(places):
    entry = FULL[FULL.index("[[") :]
    written(places, FULL + entry.replace("my-app", "other").replace("www/other", "www"))

    assert "overlap" in refusal(places)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o640, 0o644, 0o601])
def test_file_that_others_may_use_is_refused_with_the_remedy(places, mode):
    path = written(places, SHORT, mode)

    assert f"other users may read {path}; run: chmod 600 {path}" == refusal(places)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_file_of_its_owner_alone_is_taken(places, mode):
    written(places, SHORT, mode)

    assert "web-1" == load(places).name


def test_token_that_others_may_read_is_refused(places):
    write_token(places, "dpr_x")
    (places.config / "token").chmod(0o640)

    with pytest.raises(ConfigError, match="chmod 600"):
        load_token(places)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_missing_token_says_what_to_do(places, text):
    if text is not None:
        write_token(places, text)

    with pytest.raises(ConfigError, match="run `deployr-runner register` first"):
        load_token(places)


def test_id_of_the_installation_is_stable(places):
    first = instance_id(places)

    assert first == instance_id(places)
    assert first != instance_id(Places(config=places.config / "other", state=places.state))


def test_places_of_a_user_are_in_the_home_directory(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")

    expected = Places(
        config=Path("/home/ada/.config/deployr-runner"),
        state=Path("/home/ada/.local/state/deployr-runner"),
    )
    assert expected == Places.default()


def test_places_of_root_are_those_of_the_system(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    expected = Places(config=Path("/etc/deployr"), state=Path("/var/lib/deployr"))
    assert expected == Places.default()


def test_named_places_win_and_become_absolute(places, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert places == places.moved(None, None)
    moved = Places(config=tmp_path / "c", state=Path("/s"))
    assert moved == places.moved("c", "/s")


def test_file_is_written_whole_and_private_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \udcff")

    assert "old" == path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(tmp_path.iterdir())
