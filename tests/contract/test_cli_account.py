"""Signing in and out against the real backend."""

import json
import stat

import pytest


def test_login_remembers_the_token_for_its_address_only(deployr, backend, tmp_path, monkeypatch):
    file = tmp_path / "config" / "config.json"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert {"url": backend.url, "token": backend.token} == json.loads(file.read_text())
    assert f"Ada (ada@example.com) at {backend.url}" == deployr("whoami").out.splitlines()[0]
    monkeypatch.setenv("DEPLOYR_URL", "https://elsewhere.example.com")
    elsewhere = deployr("whoami")
    assert (3, "") == (elsewhere.code, elsewhere.out)
    assert "There is no token for https://elsewhere.example.com." in elsewhere.err


def test_wrong_token_is_not_saved(deployr, backend, tmp_path):
    deployr("logout")

    refused = deployr("login", "--url", backend.url, stdin="dpu_wrong\n")

    assert 3 == refused.code
    assert "sign in with `deployr login`." in refused.err
    assert not (tmp_path / "config" / "config.json").exists()


def test_token_of_the_environment_wins(deployr, backend, monkeypatch):
    deployr("logout")
    monkeypatch.setenv("DEPLOYR_URL", backend.url)
    monkeypatch.setenv("DEPLOYR_TOKEN", backend.another_user("bob@example.com"))

    assert "bob@example.com" == json.loads(deployr("--json", "whoami").out)["email"]


def test_logout_forgets(deployr):
    assert "Signed out.\n" == deployr("logout").out
    assert "You were not signed in.\n" == deployr("logout").out
    assert 3 == deployr("projects").code


@pytest.mark.parametrize(
    ("url", "code", "word"),
    [
        ("http://deployr.example.com", 2, "unencrypted"),
        ("ftp://deployr.example.com", 2, "is not an address"),
        ("127.0.0.1:28080", 2, "Begin it with https:// (http:// only for this machine)."),
        ("https://me:pw@deployr.example.com", 2, "must not hold a user name"),
        ("http://127.0.0.1:9", 5, "is unreachable"),
    ],
)
def test_address_that_a_token_must_not_go_to(deployr, backend, url, code, word):
    refused = deployr("login", "--url", url, stdin=backend.token)

    assert code == refused.code
    assert word in refused.err
    assert 1 <= len(refused.err.splitlines()) <= 2


def test_empty_standard_input_is_no_token(deployr, backend):
    refused = deployr("login", "--url", backend.url).err

    assert "No token was given." in refused
    assert "`flask deployr user token EMAIL`" in refused
