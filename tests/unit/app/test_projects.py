"""Projects through the API."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import JobLog, JobStep
from app.services.queue import BITE
from tests.factories import REPO, claim, finish, make_job, make_project, make_runner
from tests.support.backend import refusal


def test_created_project_is_shown(ada):
    made = ada.write(
        "/api/projects", name="shop", repo_url=REPO, framework="laravel", target="cpanel"
    )

    assert {
        "id": made["id"],
        "name": "shop",
        "owner": ada.id,
        "owner_name": made["owner_name"],
        "full_name": f"{made['owner_name']}/shop",
        "role": "owner",
        "repo_url": REPO,
        "framework": "laravel",
        "target": "cpanel",
        "branch": "main",
        "runner_id": None,
        "runs_on": None,
        "created_at": "2026-02-03T18:00:00Z",
        "updated_at": "2026-02-03T18:00:00Z",
    } == made
    assert made == ada.read(f"/api/projects/{made['id']}")


def test_target_and_framework_have_defaults(ada):
    made = ada.write("/api/projects", name="shop", repo_url=REPO)

    assert ("vps", None) == (made["target"], made["framework"])


def test_name_is_unique_for_its_owner_only(ada, bob):
    make_project(ada, name="shop")
    make_project(bob, name="shop")

    again = ada.post("/api/projects", name="shop", repo_url=REPO)

    assert (409, "name_taken") == refusal(again)


def test_names_differ_by_case(ada):
    """The same on both databases: MySQL's usual collation would call them equal."""
    make_project(ada, name="shop")
    make_project(ada, name="Shop")

    assert 2 == len(ada.read("/api/projects")["projects"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../etc"),
        ("name", ""),
        ("repo_url", "https://user:secret@git.example/shop"),
        ("repo_url", "https://git.example/" + "x" * 300),
        ("framework", "rails"),
        ("target", "moon"),
        ("branch", "-x"),
        ("runner_id", 999_999),
        ("runner_id", "1"),
        ("owner", 1),
    ],
)
def test_bad_field_is_named(ada, field, value):
    answer = ada.post("/api/projects", {"name": "shop", "repo_url": REPO, field: value})

    assert (422, "invalid") == refusal(answer)
    assert [field] == [error["field"] for error in answer.json["errors"]]


def test_all_bad_fields_are_named_at_once(ada):
    answer = ada.post("/api/projects", name="a b", repo_url="nowhere", target="moon")

    assert {"name", "repo_url", "target"} == {each["field"] for each in answer.json["errors"]}


def test_list_is_paged_newest_first(ada):
    made = [make_project(ada)["id"] for _ in range(5)]

    first = ada.read("/api/projects", limit=3)
    second = ada.read("/api/projects", limit=3, before=first["next"])

    assert made[::-1] == [each["id"] for each in first["projects"] + second["projects"]]
    assert second["next"] is None


def test_page_that_is_just_full_is_the_last(ada):
    make_project(ada)

    assert ada.read("/api/projects", limit=1)["next"] is None


def test_list_can_be_asked_for_a_name(ada):
    make_project(ada, name="shop")
    make_project(ada, name="blog")

    assert ["blog"] == [each["name"] for each in ada.read("/api/projects", name="blog")["projects"]]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"limit": "1_0"}, {"limit": ["1", "2"]}, {"typo": 1}]
)
def test_bad_query_is_refused(ada, query):
    assert (422, "invalid") == refusal(ada.get("/api/projects", **query))


def test_update_changes_only_what_is_named(ada, project, clock):
    clock.move(minutes=1)

    changed = ada.write(f"/api/projects/{project['id']}", branch="release", framework="static")

    expected = {"branch": "release", "framework": "static", "updated_at": "2026-02-03T18:01:00Z"}
    assert project | expected == changed


def test_update_can_clear_the_framework_but_not_the_name(ada, project):
    path = f"/api/projects/{project['id']}"

    assert ada.write(path, framework=None)["framework"] is None
    assert (422, "invalid") == refusal(ada.post(path, {"name": None}))


def test_update_to_a_taken_name_is_refused(ada, project):
    other = make_project(ada)

    answer = ada.post(f"/api/projects/{other['id']}", name=project["name"])

    assert (409, "name_taken") == refusal(answer)


def test_runner_of_another_user_is_refused(ada, bob, project):
    theirs = make_runner(bob)

    answer = ada.post(f"/api/projects/{project['id']}", runner_id=theirs.id)

    assert (422, "invalid") == refusal(answer)


def test_deleted_project_is_gone_with_its_history(app, ada, project, runner):
    """Also where its jobs are more than go at a time."""
    jobs = [make_job(ada, project) for _ in range(BITE + 1)]
    for job in jobs:
        claim(runner, job)
        finish(runner, job, logs="done")

    assert {"deleted": True} == ada.write(f"/api/projects/{project['id']}/delete")
    assert (404, "not_found") == refusal(ada.get(f"/api/projects/{project['id']}"))
    assert (404, "not_found") == refusal(ada.get(f"/api/jobs/{jobs[-1]['id']}"))
    with app.app_context():
        assert not db.session.scalar(select(JobLog.job_id).limit(1))
        assert not db.session.scalar(select(JobStep.job_id).limit(1))


def test_project_with_an_active_job_is_kept(ada, project):
    make_job(ada, project)

    answer = ada.post(f"/api/projects/{project['id']}/delete")

    assert (409, "job_active") == refusal(answer)
