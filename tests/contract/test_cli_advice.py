"""What went wrong is told together with what to do next."""

import json

import pytest


@pytest.fixture
def job(deployr, checkout):
    """A queued job of the checkout's project."""
    return json.loads(deployr("push", "--create", "--no-follow", "--json").out)["id"]


def test_renamed_project_is_recognised_by_its_repository(deployr, job):
    deployr("projects", "update", "app", "--name", "shop")

    refused = deployr("push")

    assert 4 == refused.code
    assert "The project shop has this repository; was it renamed?" in refused.err


def test_job_without_a_log_says_why(deployr, job):
    deployr("cancel", str(job))

    said = deployr("logs", str(job))

    assert ("", f"Job {job} has no log yet: failed (cancelled). Cancelled by Ada.\n") == (
        said.out,
        said.err,
    )


def test_job_is_named_by_its_number(deployr):
    refused = deployr("status", "abc")

    assert 2 == refused.code
    assert "JOB is a number" in refused.err


def test_failed_job_was_not_deployed_anywhere(deployr, job, hand_runner):
    hand_runner.claim_next()
    hand_runner.post(job, "failed", reason="exit_nonzero")

    assert "Deployed to:" not in deployr("status", str(job)).out


def test_revoked_runner_is_offline_and_no_longer_to_be_named(deployr, checkout, hand_runner):
    hand_runner.poll()
    deployr("runners", "revoke", "web-1", "--yes")

    (one,) = json.loads(deployr("runners", "--json").out)["runners"]
    assert "offline" == one["status"]
    assert "The runner web-1 is revoked." in deployr("runners", "revoke", "web-1", "--yes").err


def test_revoked_home_runner_is_replaced_by_a_command(deployr, job, hand_runner):
    hand_runner.claim_next()
    hand_runner.post(job, "completed")
    deployr("runners", "revoke", "web-1", "--yes")

    assert "`deployr push --runner NAME`" in deployr("push", "--no-follow").err


def test_project_shows_its_runner_by_name(deployr, job, hand_runner):
    hand_runner.claim_next()

    assert "runner:       web-1\n" in deployr("projects", "show", "app").out
