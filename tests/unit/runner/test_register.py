"""`deployr-runner register`: from a one-time code to a token that only the runner can read."""

import stat

import pytest

from runner.config import load, load_token, save
from tests.support.command_line import CommandLine, Said

from .fake_backend import CODE, TOKEN

FIRST = (
    *("--project", "shop", "--allow-repo", "https://git.example.com/shop.git"),
    *("--allow-branch", "main", "--path", "/srv/shop"),
)


@pytest.fixture
def register(command: CommandLine, backend):
    """Register at the backend, by default with the right code and as web-1."""

    def run(*more: str, code: str = CODE) -> Said:
        given = ("--code", code) if code else ()
        return command("register", "--url", backend.url, *given, "--name", "web-1", *more)

    return run


def test_code_becomes_a_token_and_the_next_step_is_told(register, places):
    said = register()

    start = f"deployr-runner --config-dir {places.config} --state-dir {places.state} run"
    assert (0, f"Registered as web-1. Start it: {start}\n") == (said.code, said.out)
    assert TOKEN == load_token(places)


def test_backend_is_told_who_this_is(register, backend):
    register("--label", "web", "--label", "gpu")

    (facts,) = backend.registrations
    assert ("web-1", ["web", "gpu"], 1) == (facts["name"], facts["labels"], facts["protocol"])
    assert facts["hostname"]
    assert facts["instance_id"]


@pytest.mark.parametrize(("given", "capacity"), [((), 1), (("--capacity", "3"), 3)])
def test_capacity_is_told_and_kept(register, backend, places, given, capacity):
    assert 0 == register(*given).code
    assert capacity == load(places).capacity
    assert 0 == register("--replace").code

    assert [capacity] * 2 == [facts["capacity"] for facts in backend.registrations]


@pytest.mark.parametrize("capacity", ["0", "17", "-1", "many"])
def test_capacity_is_one_to_sixteen(register, backend, capacity):
    assert 2 == register("--capacity", capacity).code
    assert [] == backend.registrations


def test_code_may_come_from_the_environment(register, places, monkeypatch):
    monkeypatch.setenv("DEPLOYR_CODE", CODE)

    assert 0 == register(code="").code
    assert TOKEN == load_token(places)


def test_code_is_asked_for_and_not_shown(register, places, monkeypatch):
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: f" {CODE} ")

    said = register(code="")

    assert 0 == said.code
    assert CODE not in said.out + said.err
    assert TOKEN == load_token(places)


def test_files_are_private(register, places):
    register()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in places.config.iterdir()}
    assert {"runner.toml": 0o600, "token": 0o600, "instance-id": 0o600} == modes
    assert 0o700 == stat.S_IMODE(places.config.stat().st_mode)


def test_token_that_others_could_read_is_replaced_by_a_private_one(register, places):
    places.config.mkdir()
    (places.config / "token").touch(mode=0o644)
    register("--replace")

    assert 0o600 == stat.S_IMODE((places.config / "token").stat().st_mode)


def test_first_entry_of_the_list_comes_along(register, places):
    register(*FIRST, "--allow-branch", "next", "--environment", "staging", "--label", "web")

    config = load(places)
    (entry,) = config.allow
    assert ("shop", ("main", "next"), "staging") == (
        entry.project,
        entry.branches,
        entry.environment,
    )
    assert ("web",) == config.labels


def test_half_an_entry_is_refused_before_the_code_is_used(register, backend):
    said = register(*FIRST[:-2])

    assert 2 == said.code
    assert "--path go together" in said.err
    assert [] == backend.registrations


@pytest.mark.parametrize("label", ["a b", "-x", ""])
def test_label_that_is_no_name_is_refused_before_the_code_is_used(register, backend, label):
    said = register("--label", label)

    assert 2 == said.code
    assert "labels" in said.err
    assert [] == backend.registrations


def test_runner_is_not_registered_anew_unasked(register, places, backend):
    """Its projects would lose it; the advice is the line that adds one more."""
    register(*FIRST)
    other = ("--project", "blog", *FIRST[2:-1], "/srv/blog")

    said = register(*other)

    assert 2 == said.code
    assert (
        "  deployr-runner allow add --project blog --repo https://git.example.com/shop.git "
        "--path /srv/blog --branch main --environment production\n"
    ) in said.err
    assert 1 == len(backend.registrations)


def test_the_same_line_again_has_nothing_to_do(register, places, backend):
    """So that the installer can be run again with the line that it was first run with."""
    register(*FIRST)
    said = register(*FIRST)

    assert (0, "This server is registered already, and may deploy that.\n") == (said.code, said.out)
    assert 1 == len(backend.registrations)


def test_registering_again_keeps_the_list(register, places):
    register(*FIRST)
    before = load(places).model_copy(update={"restart": ("shop",), "labels": ("new",)})
    save(places, before)
    register("--label", "new", "--replace")

    assert before == load(places)


def test_registering_again_with_the_same_line_changes_nothing(register, places):
    register(*FIRST)
    before = load(places)
    register(*FIRST, "--replace")

    assert before == load(places)


def test_entry_that_contradicts_the_list_is_refused_before_the_code_is_used(register, backend):
    register(*FIRST)
    said = register(*FIRST[:-1], "/srv/other", "--replace")

    assert 2 == said.code
    assert "allow remove --project shop" in said.err
    assert 1 == len(backend.registrations)


def test_installation_keeps_its_id(register, backend):
    """So that a lost answer can be asked for again."""
    register()
    register("--replace")

    first, second = backend.registrations
    assert first["instance_id"] == second["instance_id"]


def test_wrong_code_is_told_and_leaves_no_token(register, places):
    said = register(code="dpc_wrong")

    assert (1, "Error: the one-time code is not taken: It is code_refused.\n") == (
        said.code,
        said.err,
    )
    assert not (places.config / "token").exists()


REFUSED_URLS = [
    "http://deployr.example.com",
    "http://127.0.0.1.example.com",
    "http://localhost@example.com",
    "https://me:pw@deployr.example.com",
    "ftp://127.0.0.1",
    "deployr.example.com",
    "https://",
    "https://[",
    "",
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_token_would_not_be_sent_in_the_clear(command, url):
    said = command("register", "--url", url, "--code", CODE)

    assert 2 == said.code
    assert "must start with https://" in said.err


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"])
def test_backend_on_the_same_machine_may_be_plain(command, url):
    said = command("register", "--url", url, "--code", CODE)

    assert 5 == said.code
    assert f"{url} is unreachable" in said.err


def test_place_that_can_not_be_made_is_one_line(command, backend):
    words = ("--config-dir", "/proc/nowhere", "register", "--url", backend.url, "--code", CODE)
    said = command(*words)

    assert 1 == said.code
    assert said.err.startswith("Error: ")
    assert "/proc/nowhere" in said.err
    assert 1 == said.err.count("\n")
