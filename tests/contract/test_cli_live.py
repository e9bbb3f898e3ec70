"""What is live is said after a failure, and asked before a rollback is queued."""

import json

import pytest

from deployr.wire import Release, Report, Step

OLD, NEW, FAILED = "20260203180000-1", "20260204180000-2", "20260205180000-3"
ADOPTED = "20260101000000-0"
STEPS = (Step(name="activate", seconds=0.1), Step(name="health", seconds=9.0, ok=False))


def release(name, state, commit="a1b2"):
    return Release(name=name, commit=commit * 10, state=state)


@pytest.fixture
def fail(deployr, checkout, hand_runner, in_background):
    """Push, let its health check fail with these releases left, return what was said."""

    def run(*standing):
        def work():
            job_id, _ = hand_runner.claim_when_there_is_one()
            report = Report(
                url="https://app.example.com",
                detail="HTTP 500",
                release=standing[-1],
                releases=standing,
                steps=STEPS,
            )
            hand_runner.finish(job_id, report, status="failed", reason="health_check_failed")

        in_background(work)
        return deployr("push", "--create")

    return run


@pytest.fixture
def standing(deployr, checkout, hand_runner):
    """Deploy, leaving these releases."""

    def run(*releases):
        deployr("push", "--create", "--no-follow")
        job_id, _ = hand_runner.claim_when_there_is_one()
        hand_runner.finish(job_id, Report(release=releases[-1], releases=releases))

    return run


def test_release_that_was_gone_back_to_is_named(deployr, fail):
    failed = fail(release(OLD, "good"), release(NEW, "live"), release(FAILED, "bad"))

    assert 1 == failed.code
    assert f"  Live: {NEW} (went back)\n" in failed.out
    status = deployr("status").out
    assert f"Release:      {FAILED} (not live)\n" in status
    assert "URL:" not in status


def test_first_release_stays_live_for_want_of_another(deployr, fail):
    failed = fail(release(FAILED, "live"))

    assert "  It stays live: there was no earlier release to go back to\n" in failed.out
    status = deployr("status").out
    assert f"Release:      {FAILED} (live)\n" in status
    assert "URL:          https://app.example.com\n" in status


def test_release_that_could_not_be_taken_back_is_named(fail):
    failed = fail(release(OLD, "good"), release(FAILED, "live"))

    assert f"  Live: {FAILED} (the one that failed; see its log)\n" in failed.out


def test_commit_that_was_deployed_twice_is_its_newest_good_release(deployr, standing, hand_runner):
    standing(release(ADOPTED, "good"), release(OLD, "good"), release(NEW, "live"))

    deployr("rollback", "a1b2", "--yes", "--no-follow")

    _, spec = hand_runner.claim_when_there_is_one()
    assert {"release": OLD} == spec.params


@pytest.mark.parametrize("named", [NEW, "2026020418", "c3d4"])
def test_going_back_to_the_live_release_is_refused_at_once(deployr, standing, named):
    standing(release(OLD, "good"), release(NEW, "live", "c3d4"))

    refused = deployr("rollback", named, "--yes")

    assert 2 == refused.code
    assert f"The release {NEW} is live already.\n" in refused.err
    assert f"Good ones to go back to: {OLD}.\n" in refused.err
    assert 1 == len(json.loads(deployr("jobs", "--json").out)["jobs"])


def test_going_back_from_the_first_release_is_refused_at_once(deployr, standing):
    standing(release(OLD, "live"), release(NEW, "good"), release(FAILED, "bad"))

    refused = deployr("rollback", "--yes")

    assert 2 == refused.code
    assert f"There is no good release before {OLD}.\n" in refused.err
    assert f"Good ones to go back to: {NEW}.\n" in refused.err


def test_rollback_behind_an_unfinished_job_is_left_to_the_runner(deployr, standing):
    standing(release(OLD, "live"))
    deployr("push", "--no-follow")

    assert 0 == deployr("rollback", "--yes", "--no-follow").code
    assert 0 == deployr("rollback", OLD, "--yes", "--no-follow").code


def test_adopted_release_has_no_commit(deployr, standing):
    standing(release(ADOPTED, "good", "0000"), release(NEW, "live"))

    assert [ADOPTED, "good", "-", "-", "-"] == deployr("releases").out.splitlines()[2].split()[:5]
