"""Who is shown which events, and that no event holds a secret."""

import base64

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent, Project, ProjectMember
from deployr.roles import Role
from deployr.tokens import TOKEN_PATTERN, digest
from tests.factories import claim, finish, make_job, make_project, make_runner, make_user
from tests.support.backend import refusal


@pytest.fixture
def admin(app):
    """The first user."""
    return make_user(app, "Root")


@pytest.fixture
def ada(app, admin):
    return make_user(app, "Ada")


@pytest.fixture
def join(app, clock):
    def run(user, project, role):
        with app.app_context():
            made = {"project_id": project["id"], "user_id": user.id, "created_at": clock.now}
            db.session.add(ProjectMember(role=role, **made))
            db.session.commit()

    return run


def acts(user, **query):
    return [one["act"] for one in user.read("/api/audit", **query)["events"]]


def things(user, **query):
    return [one["thing"] for one in user.read("/api/audit", **query)["events"]]


def test_event_tells_who_what_when_and_from_where(ada, project):
    job = make_job(ada, project)

    event = ada.read("/api/audit", act="job.created")["events"][0]
    assert ("2026-02-03T18:00:00Z", "127.0.0.1", f"job:{job['id']} shop", project["id"]) == (
        event["at"], event["address"], event["thing"], event["project_id"]
    )  # fmt: skip
    assert event["actor"].startswith(f"user:{ada.id} ada")
    assert ("deploy", 64) == (event["detail"]["action"], len(event["hash"]))


def test_stranger_sees_nothing_of_others(ada, bob, project):
    make_job(ada, project)

    assert [] == acts(bob, project_id=project["id"])
    assert {bob.id} == {one["user_id"] for one in bob.read("/api/audit")["events"]}


@pytest.mark.parametrize(("role", "seen"), [(Role.OWNER, 2), (Role.DEPLOYER, 0), (Role.VIEWER, 0)])
def test_members_see_events_of_the_project_when_they_own_it(ada, bob, project, join, role, seen):
    make_job(ada, project)
    join(bob, project, role)

    assert seen == len(acts(bob, project_id=project["id"]))


def test_what_a_deployer_did_is_shown_to_him_and_the_owner(ada, bob, project, join):
    join(bob, project, Role.DEPLOYER)
    job = make_job(bob, project)

    assert [f"job:{job['id']} shop"] == things(bob, act="job.created")
    assert [f"job:{job['id']} shop"] == things(ada, act="job.created")


def test_admin_sees_everything(app, admin, ada, bob, project):
    make_job(ada, project)

    with app.app_context():
        everything = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).all()
    shown = admin.read("/api/audit", limit=100)["events"]
    assert list(everything) == [one["id"] for one in shown]
    assert "job.created" in acts(admin, project_id=project["id"])


def test_owner_of_a_deleted_project_still_sees_its_end(ada, project):
    ada.write(f"/api/projects/{project['id']}/delete")

    assert ["project.deleted", "project.created"] == acts(ada, project_id=project["id"])


def test_id_that_is_given_away_again_brings_no_events_along(app, ada, bob, clock):
    """SQLite gives the id of the newest project again once that is deleted."""
    old = make_project(ada, name="secret-name")
    ada.write(f"/api/projects/{old['id']}/delete")
    clock.move(seconds=1)
    with app.app_context():
        at = {"created_at": clock.now, "updated_at": clock.now}
        facts = {"name": "mine", "repo_url": "https://git.example/b.git", "target": "vps"}
        ids = {"id": old["id"], "user_id": bob.id, "branch": "main"}
        db.session.add(Project(**ids, **facts, **at))
        db.session.commit()

    assert "secret-name" not in bob.get("/api/audit").text
    assert "secret-name" not in bob.get("/api/audit", project_id=old["id"]).text
    assert "secret-name" in ada.get("/api/audit").text


def test_events_are_paged_without_repeats_or_gaps(app, ada, bob, join):
    """An event may be of one's account and of one's project: it comes once."""
    mine, shared = make_project(ada), make_project(bob)
    join(ada, shared, Role.OWNER)
    for user, project in [(ada, mine), (bob, shared), (ada, shared), (bob, shared)]:
        make_job(user, project)

    whole = things(ada, limit=100)
    page = ada.read("/api/audit", limit=2)
    found = [one["thing"] for one in page["events"]]
    while page["next"]:
        page = ada.read("/api/audit", limit=2, before=page["next"])
        found += [one["thing"] for one in page["events"]]
    assert whole == found
    assert 4 == len([thing for thing in found if thing.startswith("job:")])


@pytest.mark.parametrize("query", [{"act": "job.made"}, {"project_id": "x"}, {"user_id": 1}])
def test_wrong_queries_are_refused(ada, query):
    assert (422, "invalid") == refusal(ada.get("/api/audit", **query))


def test_token_that_may_only_read_is_enough(app, ada):
    token = ada.write("/api/tokens", name="reader", scope="read", expires_in_days=1)["token"]
    headers = {"Authorization": f"Bearer {token}"}

    assert 200 == app.test_client().get("/api/audit", headers=headers).status_code


def spellings(secret):
    """Return what a secret may look like."""
    raw = secret.encode()
    return {secret, secret[5:30], raw.hex(), base64.b64encode(raw).decode()[:40], digest(secret)}


def test_no_event_holds_a_token_or_its_digest(app, ada, project):
    """Also where somebody takes his token for a name."""
    code = ada.write("/api/runners/codes")["code"]
    runner = make_runner(ada)
    rotated = runner.write("/api/runner/token")["token"]
    made = ada.write("/api/tokens", name="laptop", scope="admin", expires_in_days=1)
    ada.post("/api/tokens", name=ada.token, scope="read", expires_in_days=1)
    ada.post("/api/projects", name=ada.token, repo_url=f"https://git.example/{ada.token}.git")
    job = make_job(ada, project, branch=made["token"])
    claim(runner, job)
    ada.write(f"/api/jobs/{job['id']}/cancel")
    finish(runner, job, "failed", reason="cancelled")
    ada.write(f"/api/tokens/{made['id']}/revoke")
    ada.write(f"/api/runners/{runner.id}/revoke")
    ada.post("/api/auth/github", access_token="gho_" + "a" * 36)

    with app.app_context():
        rows = db.session.execute(select(db.metadata.tables["audit_events"])).all()
    text = "\n".join(str(tuple(row)) for row in rows)
    secrets = (code, ada.token, runner.token, rotated, made["token"])
    assert [] == [part for secret in secrets for part in spellings(secret) if part in text]
    assert not TOKEN_PATTERN.search(text)
    assert "a" * 36 not in text
    assert {"token.created", "job.created", "project.created"} <= {row.act for row in rows}
