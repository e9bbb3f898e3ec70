"""Why a job that nobody has claimed still waits, in words."""

from tests.factories import claim, make_job, make_project, make_runner


def waits(user, job):
    return user.read(f"/api/jobs/{job['id']}")["waits"]


def test_list_tells_what_a_pending_job_waits_for(ada, project):
    first, second = make_job(ada, project), make_job(ada, project)

    jobs = ada.read("/api/jobs")["jobs"]

    assert {first["id"]: None, second["id"]: first["id"]} == {
        each["id"]: each["waiting_for"] for each in jobs
    }


def test_behind_another_job(ada, project, runner):
    first, second = make_job(ada, project), make_job(ada, project)
    claim(runner, first)

    assert f"waits for job {first['id']}" == waits(ada, second)
    assert waits(ada, first) is None


def test_runner_that_never_came(ada, project, runner):
    assert "runner web1 has never polled" in waits(ada, make_job(ada, project))


def test_runner_that_went_away(ada, project, runner, clock):
    runner.read("/api/runner/jobs")
    job = make_job(ada, project)
    assert waits(ada, job) is None

    clock.move(minutes=2)

    assert "runner web1 is offline since 2026-02-03 18:00 UTC" == waits(ada, job)


def test_runner_that_works_for_another_project(ada, project, runner):
    runner.read("/api/runner/jobs")
    other = make_job(ada, make_project(ada))
    claim(runner, other)

    assert f"runner web1 is busy with job {other['id']}" == waits(ada, make_job(ada, project))


def test_runner_with_room_for_two_is_not_busy_with_one(ada, project):
    wide = make_runner(ada, "wide", capacity=2)
    wide.read("/api/runner/jobs")
    claim(wide, make_job(ada, make_project(ada)))

    assert waits(ada, make_job(ada, project)) is None


def test_label_that_nobody_has(ada, runner):
    job = make_job(ada, make_project(ada, runs_on="gpu"))

    assert "no runner has the label gpu" == waits(ada, job)


def test_no_runner_at_all(ada, project):
    assert "there is no runner for it" in waits(ada, make_job(ada, project))


def test_revoked_runner(ada, project, runner):
    job = make_job(ada, project)
    ada.write(f"/api/runners/{runner.id}/revoke")

    assert "its runner is revoked" in waits(ada, job)
