"""What a blocked user has left behind opens nothing any more."""

import pytest

from tests.factories import (
    link_github,
    make_job,
    make_member,
    make_project,
    make_runner,
    make_user,
)
from tests.support.backend import Api, refusal


@pytest.fixture
def bea(app, ada):
    return make_user(app, "Bea", "bea@example.com")


def _block(app):
    done = app.test_cli_runner().invoke(args=["deployr", "user", "block", "bea@example.com"])
    assert 0 == done.exit_code, done.output


def test_code_that_he_made_registers_nothing(app, bea):
    code = bea.write("/api/runners/codes")["code"]
    _block(app)

    answer = Api(app).post("/api/runner/register", code=code, name="web")

    assert (401, "bad_code") == refusal(answer)


def test_code_ends_with_the_tokens_of_who_lost_them(app, bea):
    code = bea.write("/api/runners/codes")["code"]
    app.test_cli_runner().invoke(args=["deployr", "user", "revoke", "bea@example.com"])

    answer = Api(app).post("/api/runner/register", code=code, name="web")

    assert (401, "bad_code") == refusal(answer)


def test_his_runners_take_no_jobs_of_others(app, ada, bea, project):
    runner = make_runner(bea)
    make_member(project, bea)
    bea.write(f"/api/runners/{runner.id}/share", project_id=project["id"])
    ada.write(f"/api/projects/{project['id']}", runner_id=runner.id)
    make_job(ada, project)
    assert runner.read("/api/runner/jobs")["job_id"] is not None
    _block(app)

    assert runner.read("/api/runner/jobs")["job_id"] is None


def test_his_invitations_admit_nobody(app, ada, bea):
    own = make_project(bea)
    link_github(bea, "bea")
    bea.write(f"/api/projects/{own['id']}/invitations", github_login="second-of-bea", role="viewer")
    _block(app)

    second = make_user(app, "Second")
    link_github(second, "second-of-bea")
    assert [] == second.read("/api/invitations")["invitations"]
