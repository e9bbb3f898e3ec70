"""The runner's token is replaced in its file, and who uses it takes up the new one."""

import os
import stat
import threading
import time

import pytest

from deployr.tokens import TokenKind, make_token
from runner.client import Client
from runner.config import Places, RunnerConfig, load_token, save, save_token
from runner.errors import ConfigError, TokenRefusedError
from runner.files import half_written
from runner.rotation import MAX_AGE_SECONDS, Renewal, rotate
from runner.tokenfile import TokenFile
from tests.support.unprivileged import as_nobody, open_directory

from .fake_backend import TOKEN, AnswerError, refusal

LOST = AnswerError(502, b"<html>Bad Gateway</html>")


def age(places, seconds):
    """Let the token be this old."""
    then = time.time() - seconds
    os.utime(places.config / "token", (then, then))


@pytest.fixture
def places(site):
    return site.places


def test_command_writes_a_new_token_that_nobody_else_can_read_and_tells_it_to_none(
    command, places, backend
):
    said = command("rotate")

    assert (0, "") == (said.code, said.err)
    assert "The runner has a new token; the old one ends in an hour" in said.out
    assert backend.rotated == [load_token(places)]
    assert load_token(places) not in said.out + said.err
    assert 0o600 == stat.S_IMODE((places.config / "token").stat().st_mode)
    assert [] == half_written(places.config / "token")


def test_new_token_is_used_at_once_so_that_the_old_one_ends(command, backend):
    command("rotate")

    assert [0] == backend.slots


def test_token_written_by_root_belongs_to_the_owner_of_its_directory(command, places):
    os.chown(places.config, 65534, 65534)
    os.chown(places.config / "token", 65534, 65534)
    command("rotate")

    found = (places.config / "token").stat()
    assert (65534, 65534, 0o600) == (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))


FAILED = {
    "no answer": (LOST, 5, "HTTP"),
    "refused": (refusal(409, "already_rotated"), 1, "already_rotated"),
    "revoked": (refusal(401, "unauthorized"), 78, "unauthorized"),
    "no token": (AnswerError(200, {}), 5, "not a Deployr backend's: token"),
    "cut token": (AnswerError(200, {"token": TOKEN[:-1]}), 5, "not a Deployr backend's: token"),
    "other token": (AnswerError(200, {"token": make_token(TokenKind.USER)}), 5, "token"),
}


@pytest.mark.parametrize(("fault", "code", "word"), FAILED.values(), ids=FAILED)
def test_token_stays_when_no_new_one_arrives(command, places, backend, fault, code, word):
    backend.faults.append(fault)

    said = command("rotate")

    assert (code, "") == (said.code, said.out)
    assert word in said.err
    assert 1 == len(said.err.splitlines())
    assert load_token(places) == TOKEN


def test_directory_that_can_not_be_written_asks_for_no_token(backend):
    """What is asked for and can't be kept is for nothing."""
    with open_directory() as base:
        places = Places(config=base / "config", state=base / "state")

        def check():
            save(places, RunnerConfig(url=backend.url, name="web-1"))
            save_token(places, TOKEN)
            places.config.chmod(0o500)
            with pytest.raises(ConfigError, match="can't be written"):
                rotate(places)
            places.config.chmod(0o700)

        as_nobody(check)
    assert [] == backend.rotated


def test_runner_that_was_never_registered_is_told_how(command, places):
    (places.config / "runner.toml").unlink()
    places.config.joinpath("token").unlink()

    said = command("rotate")

    assert 2 == said.code
    assert "run `deployr-runner register` first" in said.err


def test_client_takes_up_what_the_file_says_now(places, backend):
    client = Client(backend.url, TokenFile(places, backend.url).current)
    client.poll()
    rotate(places)
    backend.tokens = {backend.rotated[-1]}

    client.poll()


def test_request_that_a_rotation_overtook_is_asked_again(backend):
    new = make_token(TokenKind.RUNNER)
    backend.tokens = {new}
    told = iter([TOKEN, new])

    Client(backend.url, lambda: next(told)).poll()

    assert 1 == backend.polls


def test_refusal_of_the_token_in_the_file_is_not_asked_again(places, backend):
    backend.tokens.clear()

    with pytest.raises(TokenRefusedError):
        Client(backend.url, TokenFile(places, backend.url).current).poll()


def test_file_that_can_not_be_read_leaves_the_known_token(places, backend):
    tokens = TokenFile(places, backend.url)
    (places.config / "token").unlink()
    assert TOKEN == tokens.current()
    save_token(places, "")
    assert TOKEN == tokens.current()
    save_token(places, "dpr_new")
    (places.config / "token").chmod(0o644)
    assert TOKEN == tokens.current()

    (places.config / "token").chmod(0o600)
    assert "dpr_new" == tokens.current()


def test_token_of_another_backend_is_never_told_to_this_one(places, backend):
    tokens = TokenFile(places, backend.url)
    save(places, RunnerConfig(url="https://other.example.com", name="web-1"))
    save_token(places, "dpr_others")

    assert TOKEN == tokens.current()
    assert TOKEN == tokens.current()


def test_two_rotations_at_once_leave_the_later_token_in_the_file(places, backend):
    threads = [threading.Thread(target=rotate, args=(places,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 5 == len(backend.rotated)
    assert backend.rotated[-1] == load_token(places)


def test_only_an_old_token_is_renewed(places, backend):
    renewal = Renewal(places)
    age(places, MAX_AGE_SECONDS - 60)
    renewal.tend()
    assert [] == backend.rotated
    age(places, MAX_AGE_SECONDS + 60)
    renewal.tend()
    renewal.tend()

    assert backend.rotated == [load_token(places)]


def test_renewal_that_fails_is_not_tried_again_soon(places, backend):
    renewal = Renewal(places)
    age(places, MAX_AGE_SECONDS + 60)
    backend.faults.append(LOST)
    renewal.tend()
    renewal.tend()

    assert 1 == len(backend.rotated)
    assert load_token(places) == TOKEN


def test_agent_renews_an_old_token_and_works_on(places, backend, eventually, request, site):
    age(places, MAX_AGE_SECONDS + 60)
    request.getfixturevalue("agent")
    eventually(lambda: backend.rotated)
    site.commit({"index.html": "x"})
    job = backend.add(site.spec())

    assert job.finished.wait(60)
    assert "completed" == job.status
    assert [load_token(places)] == backend.rotated


def test_agent_goes_on_while_a_rotation_is_refused(places, backend, eventually, request):
    """As by a backend of an earlier release."""
    age(places, MAX_AGE_SECONDS + 60)
    backend.faults += [None, refusal(404, "not_found")]
    request.getfixturevalue("agent")

    eventually(lambda: backend.polls > 3)
    assert load_token(places) == TOKEN
