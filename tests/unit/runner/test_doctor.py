"""`deployr-runner doctor`: what it looks at, and its exit code."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.config import Places, RunnerConfig, load, save
from runner.owner import refuse_others
from runner.preflight.service import skew_findings
from tests.support.unprivileged import as_nobody, open_directory

from .fake_backend import TOKEN

LARAVEL = {"artisan": "", "composer.json": "{}", "composer.lock": "{}", "package.json": "{}"}


def lines(command, *words: str) -> dict[str, dict[str, Any]]:
    """Return the last line of each check; those of a project begin with its name."""
    found = json.loads(command("doctor", "--json", *words).out)
    return {f"{line['subject']} {line['check']}".removeprefix("runner "): line for line in found}


def test_healthy_runner_is_exit_code_0(site, command):
    site.commit({"index.html": "x"})
    site.push()

    said = command("doctor")

    assert (0, "") == (said.code, said.err), said.out
    assert "ok       runner: backend: " in said.out
    assert "info     runner: service: " in said.out
    assert "ok       shop (production): repository: " in said.out
    odd = [line for line in said.out.splitlines() if line.startswith(("warning", "problem"))]
    (own,) = odd
    assert own.startswith(
        "warning  shop (production): builds: builds and hooks run as the runner's"
    )


def test_user_that_builds_is_judged(site, command):
    site.commit({})
    config = load(site.places)
    save(site.places, config.model_copy(update={"build_user": "nobody"}))
    good = lines(command)["shop (production) builds"]
    save(site.places, config.model_copy(update={"build_user": "no-such-user"}))
    bad = lines(command)["shop (production) builds"]

    if os.geteuid() == 0:  # others need a line of sudoers for it
        assert ("ok", "run as nobody") == (good["kind"], good["text"])
    assert "problem" == bad["kind"]
    assert "the build user no-such-user does not exist here: sudo useradd" in bad["text"]


def test_nothing_is_made(site, command):
    site.commit({"index.html": "x"})
    before = sorted(Path(site.repo.parent).rglob("*"))

    assert 0 == command("doctor").code
    assert before == sorted(Path(site.repo.parent).rglob("*"))


def test_each_problem_is_told_with_what_to_do(site, command, backend):
    """The repository has no commit, the backend does not know the token, `current` is wrong."""
    backend.tokens.clear()
    site.current.mkdir(parents=True)
    path = site.env_file("# nothing\n")

    said = command("doctor")
    found = lines(command)

    assert 1 == said.code
    assert "problem  runner: backend: It is unauthorized." in said.out
    assert "has no branch main" in found["shop (production) repository"]["text"]
    assert "deployr-runner adopt shop" in found["shop (production) path"]["text"]
    assert f"{path} sets nothing" in found["shop (production) env file"]["text"]
    path.chmod(0o644)
    assert "chmod 600" in lines(command)["shop (production) env file"]["text"]


def test_repository_that_can_not_be_read_is_told_in_git_s_words(site, command):
    site.repo.rename(site.repo.with_name("gone"))

    assert "can't be read by this server" in lines(command)["shop (production) repository"]["text"]


def test_live_release_says_which_tools_and_secrets_are_needed(site, command):
    package = json.dumps({"engines": {"node": "^1"}, "scripts": {"build": "x"}})
    site.commit(LARAVEL | {"package.json": package, "deploy.yaml": "project: {framework: static}"})
    release = site.root / "releases/20200101000000-1"
    release.mkdir(parents=True)
    for name, text in (LARAVEL | {"package.json": package}).items():
        (release / name).write_text(text)
    site.current.symlink_to("releases/20200101000000-1")

    found = lines(command)

    assert "package.json asks for ^1" in found["shop (production) tools"]["text"]
    assert "the app needs its .env" in found["shop (production) env file"]["text"]


def test_configuration_that_can_not_be_read_is_told_and_the_rest_still_looked_at(site, command):
    (site.places.config / "runner.toml").chmod(0o644)
    said = command("doctor")

    assert 1 == said.code
    assert "problem  runner: configuration: other users may read" in said.out
    assert "ok       runner: tools: " in said.out


def test_unreachable_backend_and_missing_token_are_problems(site, command):
    save(site.places, RunnerConfig(url="http://127.0.0.1:9", name="web-1"))
    found = lines(command)
    assert "http://127.0.0.1:9 is unreachable" in found["backend"]["text"]
    assert "clock" not in found
    (site.places.config / "token").unlink()
    assert "deployr-runner register" in lines(command)["backend"]["text"]


def test_one_project_only(site, command):
    site.commit({})

    assert 0 == command("doctor", "shop").code
    unknown = command("doctor", "blog")
    assert (2, "Error: blog is not on the list: see `deployr-runner allow list`\n") == (
        unknown.code,
        unknown.err,
    )


def test_token_is_never_shown(site, command):
    said = command("doctor")

    assert TOKEN not in said.out + said.err


@pytest.mark.parametrize(
    ("seconds", "kinds"), [(0, []), (-29, []), (31, ["warning"]), (-301, ["problem"])]
)
def test_clocks_may_differ_by_half_a_minute(seconds, kinds):
    found = skew_findings(seconds)

    assert kinds == [each.kind for each in found]
    assert all(("ahead of" if seconds > 0 else "behind") in each.text for each in found)


def test_root_does_not_run_the_runner_of_another_user(site, command, places):
    """Its own user could not touch what root has made there, and the runner would stand still."""
    os.chown(places.config, 65534, -1)

    said = command("run", "--once")

    assert 2 == said.code
    where = f"--config-dir {places.config} --state-dir {places.state}"
    assert f"sudo -u nobody deployr-runner {where} run" in said.err
    assert not (places.state / "lock").exists()
    assert where in lines(command)["user"]["text"]


def test_folder_of_another_may_be_one_that_lets_the_runner_in():
    """As the volume of a container, which is root's and open to a group."""
    with open_directory() as config:
        os.chown(config, 0, -1)
        as_nobody(lambda: refuse_others(Places(config=config, state=config)))
