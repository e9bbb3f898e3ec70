"""Audit events: what is told, where from, in one chain, without secrets."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from app.errors import Unavailable
from app.extensions import db
from app.models import AuditEvent, AuditHead
from app.services import audit_check
from app.services.audit import Act, digest_of, record
from app.services.transactions import transaction
from deployr.tokens import TokenKind, make_token
from tests.factories import COMMIT, claim, make_job, make_project
from tests.support.backend import Clock, refusal

write = transaction(record)


def events(app):
    with app.app_context():
        return db.session.execute(select(AuditEvent.__table__).order_by(AuditEvent.id)).all()


def told(app, act):
    return [(row, json.loads(row.detail)) for row in events(app) if row.act == act]


def verified(app):
    with app.app_context():
        return audit_check.verify()


def test_deployment_is_told(app, ada):
    project = make_project(ada, name="shop")
    job = make_job(ada, project, branch="next", commit=COMMIT, environment="staging")

    ((row, detail),) = told(app, Act.JOB_CREATED)
    assert (f"user:{ada.id}", f"job:{job['id']} shop") == (row.actor.partition(" ")[0], row.thing)
    assert (ada.id, project["id"], "127.0.0.1") == (row.user_id, row.project_id, row.address)
    token = ada.read("/api/user")["token"]["id"]
    assert {"action": "deploy", "environment": "staging", "branch": "next", "commit": COMMIT,
            "token_id": token} == detail  # fmt: skip


def test_repeated_request_is_told_once(app, ada, project):
    body = {"project_id": project["id"]}
    headers = {"Authorization": f"Bearer {ada.token}", "Idempotency-Key": "once"}
    for _ in range(2):
        app.test_client().post("/api/jobs", json=body, headers=headers)

    assert 1 == len(told(app, Act.JOB_CREATED))


def test_cancels_are_told_but_not_refused_ones(app, ada, runner, project):
    running, waiting = make_job(ada, project), make_job(ada, project)
    claim(runner, running)
    for job in (running, waiting):
        ada.write(f"/api/jobs/{job['id']}/cancel")
    assert (409, "job_finished") == refusal(ada.post(f"/api/jobs/{waiting['id']}/cancel"))

    assert [(f"job:{running['id']} shop", "running"), (f"job:{waiting['id']} shop", "waiting")] == [
        (row.thing, detail["was"]) for row, detail in told(app, Act.JOB_CANCELLED)
    ]


def test_change_of_a_project_tells_old_and_new(app, ada, project):
    ada.write(f"/api/projects/{project['id']}", branch="next", name="shop")
    ada.write(f"/api/projects/{project['id']}", branch="next")  # changes nothing

    ((row, detail),) = told(app, Act.PROJECT_CHANGED)
    assert {"changed": {"branch": ["main", "next"]}} == detail
    assert f"project:{project['id']} shop" == row.thing


def test_deleted_project_is_told_to_its_owner(app, ada, project):
    ada.write(f"/api/projects/{project['id']}/delete")

    ((row, _),) = told(app, Act.PROJECT_DELETED)
    assert (ada.id, project["id"], f"project:{project['id']} shop") == (
        row.user_id, row.project_id, row.thing
    )  # fmt: skip


def test_answer_names_the_request_of_its_event(app, ada, project):
    answer = ada.post("/api/jobs", project_id=project["id"])

    assert answer.headers["X-Request-Id"] == events(app)[-1].request_id


def test_refused_request_leaves_no_event(app, ada, project):
    before = len(events(app))
    assert 409 == ada.post("/api/projects", name="shop", repo_url=project["repo_url"]).status_code

    assert before == len(events(app))


def test_event_outside_of_a_transaction_is_refused(app):
    with app.app_context(), pytest.raises(RuntimeError, match="transaction"):
        record(Act.SIGNED_IN, "user:1 a", "x")


def test_rolled_back_event_leaves_no_gap(app):
    @transaction
    def fail():
        record(Act.SIGNED_IN, "user:1 a", "x")
        raise ValueError

    with app.app_context():
        write(Act.SIGNED_IN, "user:1 a", "x")
        with pytest.raises(ValueError):
            fail()
        write(Act.SIGNED_IN, "user:1 a", "x")
    assert [1, 2] == [row.id for row in events(app)]
    verified(app)


@pytest.mark.parametrize("kind", TokenKind)
def test_tokens_in_texts_are_masked(app, kind):
    token = make_token(kind)
    with app.app_context():
        write(
            Act.TOKEN_CREATED, f"by {token}", f"token:1 {token}", name=token, inner={"a": [token]}
        )

    (row,) = events(app)
    assert not [text for text in (row.actor, row.thing, row.detail) if token[5:20] in text]
    assert kind in row.thing


def test_what_no_database_or_terminal_takes_is_replaced(app):
    with app.app_context():
        write(Act.SIGNED_IN, "a\x00b\ud800", "line\nline\x1b[2J\u202e", note="x\udfff" * 300)

    (row,) = events(app)
    assert ("a\ufffdb\ufffd", "line\ufffdline\ufffd[2J\ufffd") == (row.actor, row.thing)
    assert 255 == len(json.loads(row.detail)["note"])


ANY_TEXT = st.text(st.characters(), max_size=400)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
def test_whatever_is_told_the_chain_holds(app, texts):
    """All of Unicode, lengths around the limit; what is read back has the hash of what was told."""
    with app.app_context():
        for by, thing, note in texts:
            write(Act.SIGNED_IN, by, thing, note=note, name=by)
        audit_check.verify()


def test_every_moment_keeps_its_hash(app, clock):
    """To the microsecond, and when the clock is set back."""
    moments = [clock.now.replace(microsecond=part) for part in (999_999, 1, 0, 500_000)]
    with app.app_context():
        for clock.now in moments:
            write(Act.SIGNED_IN, "user:1 a", "x")
    assert moments == [row.at for row in events(app)]
    verified(app)


def test_hash_depends_on_each_column_and_not_on_the_zone():
    row = {"id": 1, "at": Clock().now, "act": "a", "actor": "b", "user_id": 1, "project_id": None,
           "thing": "c", "address": "d", "request_id": "e", "detail": "{}",
           "before": "0" * 64}  # fmt: skip
    others = [digest_of({**row, name: 2 if name != "at" else Clock().now.replace(microsecond=1)})
              for name in row]  # fmt: skip

    assert len(row) + 1 == len({*others, digest_of(row)})


def test_lost_head_is_found_again(app):
    with app.app_context():
        write(Act.SIGNED_IN, "user:1 a", "x")
        with db.session.begin():
            db.session.execute(delete(AuditHead))
        write(Act.SIGNED_IN, "user:1 a", "x")
    assert 2 == verified(app).id


def test_head_that_lags_behind_stops_what_would_be_told(app, ada, project):
    """A clear 503: not a conflict with some name, and nothing is done without its event."""
    with app.app_context(), db.session.begin():
        db.session.execute(update(AuditHead).values(event_id=1))

    assert (503, "audit_log_broken") == refusal(ada.post("/api/jobs", project_id=project["id"]))
    assert [] == ada.read("/api/jobs")["jobs"]
    with app.app_context(), pytest.raises(Unavailable, match="audit verify"):
        write(Act.SIGNED_IN, "user:1 a", "x")
