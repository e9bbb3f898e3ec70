"""`deployr-runner env`: values go in, and never come out."""

import json
import os

import pytest

from runner.config import RunnerConfig, load, make_allow, save, with_allowed
from runner.envfile import environment_of

SHOP = {"project": "shop", "repo": "https://x.example.com/s", "branches": ("main",), "path": "/s"}


@pytest.fixture(autouse=True)
def registered(places):
    """A runner that may deploy shop to production."""
    save(places, RunnerConfig(url="https://deployr.example.com", name="web-1"))
    save(places, with_allowed(load(places), make_allow(**SHOP)))


@pytest.fixture
def file(places):
    """Where the env file of shop is."""
    return places.env_file("shop", "production")


def test_value_from_standard_input_is_kept_privately(command, file):
    said = command("env", "set", "shop", "DB_PASSWORD", stdin="s3cret #1\n")

    assert 0 == said.code
    assert "s3cret" not in said.out + said.err
    assert {"DB_PASSWORD": "s3cret #1"} == environment_of(file.read_text())
    assert [0o600, 0o700, 0o700] == [
        path.stat().st_mode & 0o777 for path in (file, file.parent, file.parent.parent)
    ]


def test_set_and_unset_keep_order_and_comments(command, file):
    text = "# of the shop\nA=1 # first\n\nexport B='two' # second\nC=3\nB=again\n"
    command("env", "import", "shop", "-", stdin=text)

    command("env", "set", "shop", "B", stdin="it's")
    command("env", "unset", "shop", "C")
    command("env", "set", "shop", "D", "--empty")

    assert '# of the shop\nA=1 # first\n\nexport B="it\'s" # second\nD=\n' == file.read_text()


def test_list_names_what_is_set_and_no_value(command, file):
    command("env", "import", "shop", "-", stdin="A=one\nB=\n")

    assert "A\nB\n" == command("env", "list", "shop").out
    expected = {
        "project": "shop",
        "environment": "production",
        "file": str(file),
        "names": ["A", "B"],
    }
    assert expected == json.loads(command("env", "list", "shop", "--json").out)


def test_import_asks_before_it_replaces_and_names_what_changes(command, file, tmp_path):
    command("env", "import", "shop", "-", stdin="A=one\nB=two\n")
    other = tmp_path / "other.env"
    other.write_text("A=eins\nC=drei\n")

    asked = command("env", "import", "shop", str(other), stdin="y\n")

    assert 2 == asked.code
    assert "replacing the env file of shop (production) needs --yes when nobody" in asked.err
    assert asked.out.startswith("added: C\nremoved: B\nchanged: A\n")
    assert "A=one\nB=two\n" == file.read_text()
    assert 2 == command("env", "import", "shop", "-", stdin="A=eins\n").code
    assert 0 == command("env", "import", "shop", str(other), "--yes").code
    assert "A=eins\nC=drei\n" == file.read_text()
    assert "exactly that already" in command("env", "import", "shop", str(other)).out


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("A=1\nsecret words here\n", "line 2 is no NAME=value"),
        ("1A=secret\n", "'1A' can't be set"),
        ("DEPLOYR_JOB=1\n", "'DEPLOYR_JOB' can't be set"),
        ("# nothing\n", "sets nothing"),
    ],
)
def test_import_refuses_what_no_app_would_read(command, file, text, word):
    said = command("env", "import", "shop", "-", stdin=text)

    assert (2, True) == (said.code, word in said.err)
    assert "secret" not in said.err
    assert not file.exists()


def test_import_of_a_file_that_can_not_be_read_is_a_usage_error(command, tmp_path):
    missing = command("env", "import", "shop", str(tmp_path / "nope"))
    directory = command("env", "import", "shop", str(tmp_path))

    assert (2, f"Error: {tmp_path}/nope does not exist\n") == (missing.code, missing.err)
    assert (2, f"Error: {tmp_path} can't be read: Is a directory\n") == (
        directory.code,
        directory.err,
    )


@pytest.mark.parametrize("stdin", ["", "\n"])
def test_empty_value_must_be_meant(command, file, stdin):
    said = command("env", "set", "shop", "A", stdin=stdin)

    assert (2, True) == (said.code, "add --empty if that is meant" in said.err)
    assert not file.exists()
    assert 0 == command("env", "set", "shop", "A", "--empty").code
    assert "A=\n" == file.read_text()


@pytest.mark.parametrize("word", ["set", "unset"])
def test_value_given_with_the_name_is_not_repeated(command, file, word):
    said = command("env", word, "shop", "DB_PASSWORD=s3cret", stdin="x")

    assert (2, True) == (said.code, "give only the name" in said.err)
    assert "s3cret" not in said.out + said.err
    assert not file.exists()


@pytest.mark.parametrize("name", ["A B", "1A", "", "A=B", "DEPLOYR_MARK"])
def test_names_that_no_shell_takes_are_refused(command, file, name):
    assert 2 == command("env", "set", "shop", name, stdin="x").code
    assert not file.exists()


@pytest.mark.parametrize("words", [("set", "A"), ("unset", "A"), ("list",), ("import", "-")])
def test_projects_that_are_not_allowed_have_no_env_file(command, places, words):
    said = command("env", words[0], "blog", *words[1:], stdin="A=1")

    assert 2 == said.code
    assert "blog (production) is not on this runner's list, which has: shop" in said.err
    assert not (places.config / "env").exists()


def test_unsetting_what_is_not_set_is_an_error(command):
    assert "A is not set" in command("env", "unset", "shop", "A").err


def test_written_by_root_it_belongs_to_the_service_user(command, places, file):
    os.chown(places.config, 65534, 65534)

    command("env", "set", "shop", "A", stdin="1")

    assert [65534] * 3 == [path.stat().st_uid for path in (file, file.parent, file.parent.parent)]
