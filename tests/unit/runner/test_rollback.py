"""Going back to a release that was good, and when that is refused."""

import json
from typing import Any

import pytest

from runner.releases import parse, render

from .fake_backend import FakeJob
from .site import Site


@pytest.fixture
def three(site: Site) -> Site:
    """A site with three good releases; the newest is live."""
    for word in ("one", "two", "three"):
        site.commit({"index.html": word})
        assert "completed" == site.push().status
    return site


def rollback(site: Site, **params: str) -> FakeJob:
    return site.push(action="rollback", commit="", params=params)


def detail(job: FakeJob) -> str:
    assert job.report.detail is not None
    return job.report.detail


def served(site: Site) -> str:
    return (site.current / "index.html").read_text()


def standing(job: FakeJob) -> dict[str, str]:
    assert job.report.releases is not None
    return {one.name: one.state for one in job.report.releases}


def with_migrations(site: Site, release: str, *names: str) -> None:
    """Let the record say that `release` ran migrations."""
    path = site.root / ".deployr/releases.jsonl"
    record = parse(path.read_text())[release].model_copy(update={"migrations": names})
    with path.open("a") as file:
        file.write(render(record))


def test_rollback_without_a_name_goes_to_the_one_before_and_says_what_stands_there(three):
    first, second, third = three.releases

    job = rollback(three)

    assert ("completed", "two") == (job.status, served(three))
    assert job.report.release is not None
    assert second == job.report.release.name
    assert {first: "good", second: "live", third: "good"} == standing(job)
    assert f"from {third} to {second}, commit {job.report.commit}" in job.text


def test_rollback_twice_goes_two_back_and_a_name_goes_forward_again(three):
    rollback(three)
    rollback(three)
    assert "one" == served(three)

    job = rollback(three, release=three.releases[-1])

    assert ("completed", "three") == (job.status, served(three))


def test_next_deployment_after_a_rollback_is_like_any_other(three):
    rollback(three)
    three.commit({"index.html": "four"})

    job = three.push()

    assert ("completed", "four") == (job.status, served(three))
    assert ["good", "good", "good", "live"] == list(standing(job).values())


def test_rollback_runs_hooks_and_health_check_of_the_release_it_goes_to(site):
    hooks = {"after_activate": ["echo $DEPLOYR_RELEASE >> $DEPLOYR_PATH/restarted"]}
    site.commit({"index.html": "one", "deploy.yaml": json.dumps({"deploy": {"hooks": hooks}})})
    site.push()
    (site.repo / "deploy.yaml").unlink()
    site.commit({"index.html": "two"})
    site.push()

    rollback(site)

    first = site.root / "releases" / site.releases[0]
    assert [str(first)] * 2 == (site.root / "restarted").read_text().split()


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "unknown": ({"release": "20200101000000-9"}, "'20200101000000-9' is not on this server; good"),
    "path": ({"release": "../../etc"}, "'../../etc' is not on this server; good ones: 2"),
}


@pytest.mark.parametrize(("params", "said"), REFUSED.values(), ids=REFUSED)
def test_unknown_release_is_refused_with_those_that_there_are(three, params, said):
    job = rollback(three, **params)

    assert "preflight_failed" == job.reason
    assert said in detail(job)
    assert "three" == served(three)


def test_live_release_is_refused(three):
    job = rollback(three, release=three.releases[-1])

    assert detail(job).startswith(f"the release {three.releases[-1]} is live already")


def test_failed_release_is_no_goal_and_not_counted(three, app):
    """Competitors count failed releases: then the only good one is deleted."""
    check = {"url": app.url("/sick"), "attempts": 1}
    sick = {"index.html": "sick", "deploy.yaml": json.dumps({"deploy": {"health_check": check}})}
    three.commit(sick)
    failed = three.push()
    assert ("health_check_failed", "three") == (failed.reason, served(three))
    assert failed.report.release is not None
    name = failed.report.release.name

    job = rollback(three, release=name)

    assert f"the release {name!r} is bad; good ones: " in detail(job)
    assert "two" == served(rollback_of(three))


def rollback_of(site: Site) -> Site:
    assert "completed" == rollback(site).status
    return site


def test_nothing_to_go_back_to(site):
    assert "nothing was ever deployed" in rollback_detail(site)
    assert not site.root.exists()
    site.commit({"index.html": "one"})
    site.push()

    assert "no good release before" in rollback_detail(site)


def rollback_detail(site: Site) -> str:
    site.commit({})
    return detail(rollback(site))


def test_moved_schema_refuses_and_names_the_migrations_unless_forced(three):
    with_migrations(three, three.releases[-1], "2026_02_create_notes")

    refused = rollback(three)
    served_then = served(three)
    forced = rollback(three, force="yes")

    assert ("preflight_failed", "three") == (refused.reason, served_then)
    assert "1 migrations ran after " in detail(refused)
    assert "2026_02_create_notes" in detail(refused)
    assert detail(refused).endswith("add --force")
    assert ("completed", "two") == (forced.status, served(three))
    assert "warning: 1 migrations ran after " in forced.text


def test_older_migrations_do_not_stand_in_the_way(three):
    with_migrations(three, three.releases[1], "2026_01_create_users")

    assert "completed" == rollback(three).status


def test_sick_goal_takes_the_site_back_once_and_stays_a_goal(site, app):
    app.pages["/"] = (200, "", {})
    check: dict[str, Any] = {"deploy": {"health_check": {"url": app.url("/"), "attempts": 1}}}
    site.commit({"index.html": "one", "deploy.yaml": json.dumps(check)})
    site.push()
    (site.repo / "deploy.yaml").unlink()
    site.commit({"index.html": "two"})
    site.push()
    app.pages["/"] = (500, "", {})

    job = rollback(site)

    assert ("health_check_failed", "two") == (job.reason, served(site))
    assert ["good", "live"] == list(standing(job).values())
    assert 1 == job.text.count("going back to")


def test_release_that_was_left_is_not_gone_back_to_nor_kept_instead_of_the_one_before(three):
    """three is sick, so back to two; then four: the one before four is two."""
    rollback(three)
    sections = {"deploy": {"keep_releases": 1}}
    three.commit({"index.html": "four", "deploy.yaml": json.dumps(sections)})
    assert "completed" == three.push().status

    job = rollback(three)

    assert ("completed", "two") == (job.status, served(three))
