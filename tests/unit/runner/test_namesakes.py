"""Projects of one name and different owners on one runner: nothing is shared between them."""

import json
import stat

import pytest

from deployr.wire import JobSpec
from runner.allowlist import Allow
from runner.config import RunnerConfig, load, save
from runner.errors import JobFailedError
from runner.policy import allowed_entry

from .test_caches_build import app as caching_app

REPO = "https://git.example.com/ada/shop.git"
ADAS = Allow(project="shop", project_id=7, repo=REPO, branches=("main",), path="/srv/ada")
BOBS = ADAS.model_copy(update={"project_id": 9, "path": "/srv/bob"})
LONE = ADAS.model_copy(update={"project_id": None})


def spec(project_id: int | None) -> JobSpec:
    fields = {"nonce": "n" * 8, "project": "shop", "repo": REPO, "branch": "main"}
    return JobSpec.model_validate(
        {**fields, "commit": "a" * 40, "project_id": project_id, "iat": 0, "exp": 1}
    )


def refusal(project_id: int | None, *allow: Allow) -> str:
    with pytest.raises(JobFailedError) as caught:
        allowed_entry(spec(project_id), allow)
    assert "policy_refused" == caught.value.reason
    return caught.value.detail


def add(command, number: int | None, path: str, **more: str):
    given = {"project": "shop", "repo": REPO, "branch": "main", "path": path, **more}
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    words += ["--project-id", str(number)] if number is not None else []
    return command("allow", "add", *words)


@pytest.fixture
def registered(places):
    save(places, RunnerConfig(url="https://deployr.example.com", name="web-1"))
    return places


@pytest.fixture
def both(command, registered):
    add(command, 7, "/srv/ada")
    add(command, 9, "/srv/bob")
    return registered


def test_job_goes_to_the_entry_of_its_id():
    assert BOBS == allowed_entry(spec(9), (ADAS, BOBS))
    assert ADAS == allowed_entry(spec(7), (ADAS, BOBS))


def test_entry_without_an_id_takes_the_name_alone():
    assert LONE == allowed_entry(spec(7), (LONE,)) == allowed_entry(spec(None), (LONE,))


def test_other_id_is_refused_with_the_command_that_would_allow_it():
    detail = refusal(8, ADAS, BOBS)

    assert "'shop' of the id 8" in detail
    assert "--project shop --repo" in detail
    assert "--project-id 8" in detail


def test_job_without_an_id_is_refused_where_one_is_asked_for():
    detail = refusal(None, ADAS, BOBS)

    assert "takes only shop@7, shop@9" in detail
    assert "update the command line" in detail


def test_namesake_from_elsewhere_is_told_how_to_be_apart():
    job = spec(9).model_copy(update={"repo": "https://git.example.com/bob/shop.git"})
    with pytest.raises(JobFailedError, match=r"another project of the same name.*this job's is 9"):
        allowed_entry(job, (LONE,))


def test_two_of_one_name_are_legal_with_ids_alone(command, both):
    assert ["shop@7", "shop@9"] == [entry.key for entry in load(both).allow]
    refused = add(command, None, "/srv/eve")
    assert 2 == refused.code
    assert "add both with --project-id" in refused.err
    assert 2 == add(command, 9, "/srv/eve").code
    assert 2 == add(command, 8, "/srv/ada").code


def test_name_of_two_is_no_name_for_their_owner(command, both):
    refused = command("env", "list", "shop")
    assert 2 == refused.code
    assert "there are several shop (production), so say which one: shop@7, shop@9" in refused.err
    assert 2 == command("allow", "remove", "--project", "shop").code

    assert 0 == command("allow", "remove", "--project", "shop@7").code

    assert f"shop@9 (production): {REPO} [main] to /srv/bob\n" == command("allow", "list").out


def test_each_has_its_own_secrets(command, both):
    command("env", "set", "shop@7", "KEY", stdin="of ada")

    assert [] == json.loads(command("env", "list", "shop@9", "--json").out)["names"]
    assert ["KEY"] == json.loads(command("env", "list", "shop@7", "--json").out)["names"]


def test_secrets_go_along_when_an_entry_gets_its_id(command, registered):
    add(command, None, "/srv/ada")
    command("env", "set", "shop", "KEY", stdin="of ada")
    old = registered.env_file("shop", "production")
    assert old.exists()

    add(command, 7, "/srv/ada", branch="next")

    new = registered.env_file("shop@7", "production")
    assert ("KEY='of ada'\n", 0o600) == (new.read_text(), stat.S_IMODE(new.stat().st_mode))
    assert not old.exists()
    (entry,) = load(registered).allow
    assert (7, ("main", "next")) == (entry.project_id, entry.branches)


def test_id_stays_when_a_branch_is_added_without_it(command, registered):
    add(command, 7, "/srv/ada")

    add(command, None, "/srv/ada", branch="next")

    assert [("shop@7", ("main", "next"))] == [
        (entry.key, entry.branches) for entry in load(registered).allow
    ]


def test_caches_and_env_files_of_a_namesake_are_not_used(site):
    site.commit(caching_app())
    site.allow(project_id=7)
    site.env_file("API_KEY=of-the-one-without-an-id\n")
    assert "cold\n" in site.push(project_id=7).text
    assert "warm\n" in site.push(project_id=7).text

    site.allow(project_id=9)
    assert "policy_refused" == site.push(project_id=7).reason

    assert "cold\n" in site.push(project_id=9).text
    assert {"shop@7", "shop@9"} == {path.name for path in site.places.caches.glob("[!.]*")}
