"""Writers at once, and commits that fail, leave one unbroken chain."""

import threading

import pymysql
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import AuditEvent
from app.services import audit_check
from app.services.audit import Act, record
from app.services.transactions import transaction
from tests.factories import make_job, make_project

write = transaction(record)


def count(app, act):
    with app.app_context():
        query = select(func.count()).select_from(AuditEvent).where(AuditEvent.act == act)
        return db.session.scalar(query)


def verified(app):
    with app.app_context():
        return audit_check.verify()


@pytest.fixture
def _lost_against_another_node(app):
    """The second commit fails as on Galera, where nodes lock only for themselves."""
    commits = []

    def fail(_):
        commits.append(1)
        if len(commits) == 2:
            lost = pymysql.err.OperationalError(1213, "certification failed")
            raise OperationalError(None, None, lost)

    with app.app_context():
        event.listen(db.engine, "commit", fail)
        yield
        event.remove(db.engine, "commit", fail)
    assert len(commits) > 2


@pytest.mark.usefixtures("_lost_against_another_node")
def test_commit_that_another_node_refuses_is_done_again(app):
    for number in range(3):
        write(Act.SIGNED_IN, f"user:{number} a", "x")

    assert 3 == verified(app).id


def in_threads(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_first_events_race(app):
    surprises = []

    def work(number):
        try:
            with app.app_context():
                write(Act.SIGNED_IN, f"user:{number} a", "x")
        except Exception as error:  # noqa: BLE001 - told below
            surprises.append(error)

    in_threads(8, work)
    assert [] == surprises
    assert 8 == verified(app).id


def test_32_pushes_at_once_all_succeed(app, ada):
    """Of eight projects, while others are changed and jobs cancelled: no deadlock reaches anyone."""
    projects = [make_project(ada) for _ in range(8)]
    first = [make_job(ada, project) for project in projects]
    answers = []

    def work(number):
        project = projects[number % 8]
        answers.append(ada.post("/api/jobs", project_id=project["id"]))
        if number < 8:
            answers.append(ada.post(f"/api/jobs/{first[number]['id']}/cancel"))
        elif number < 16:
            answers.append(ada.post(f"/api/projects/{project['id']}", branch=f"b{number}"))

    in_threads(32, work)
    assert [] == [answer.text for answer in answers if answer.status_code not in {200, 201}]
    counted = {act: count(app, act) for act in (Act.JOB_CREATED, Act.JOB_CANCELLED)}
    assert {Act.JOB_CREATED: 40, Act.JOB_CANCELLED: 8} == counted
    verified(app)
