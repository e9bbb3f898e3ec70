"""`deployr push --dry-run` and `--no-cache` against the real backend."""

import json

import pytest

from deployr.wire import Report


@pytest.fixture
def project(deployr, checkout):
    """The checkout's project, with a deployment in line."""
    return json.loads(deployr("push", "--create", "--no-follow", "--json").out)


def answer(runner, text, **fields):
    """Let the next job end after it has said `text`; return what it was asked to do."""
    job_id, spec = runner.claim_when_there_is_one()
    runner.log(job_id, text)
    detail = fields.pop("detail", None)
    runner.finish(job_id, Report(commit=spec.commit, detail=detail), len(text), **fields)
    return spec


def test_dry_run_prints_what_would_be_done(deployr, checkout, hand_runner, in_background):
    specs = []
    in_background(lambda: specs.append(answer(hand_runner, "would build\n    npm ci\n")))

    done = deployr("push", "--create", "--dry-run")

    head = checkout.git("rev-parse", "HEAD")
    assert 0 == done.code, done.err
    assert f": app dry run of main {head[:12]}\n" in done.err
    assert "would build\n    npm ci\n" in done.out
    assert f"✓ Dry run: would deploy {head[:12]}; nothing was changed\n" in done.out
    assert "Deployed to" not in done.out + deployr("status").out
    assert ("plan", head) == (specs[0].action, specs[0].commit)


def test_dry_run_that_found_problems_exits_with_1(deployr, checkout, hand_runner, in_background):
    def work():
        said = {"status": "failed", "reason": "preflight_failed", "detail": "the disk is full"}
        answer(hand_runner, "would build\n", **said)

    in_background(work)
    failed = deployr("push", "--create", "--dry-run")

    assert 1 == failed.code
    assert "✗ Dry run: could not be deployed: preflight_failed\n  the disk is full\n" in failed.out
    assert "--force" not in failed.out


def test_dry_run_waits_for_nothing(deployr, project):
    plan = json.loads(deployr("push", "--dry-run", "--no-follow", "--json").out)

    shown = json.loads(deployr("status", str(plan["id"]), "--json").out)
    assert ("plan", "queued", None) == (shown["action"], shown["status"], shown["waiting_for"])


def test_dry_run_leaves_the_project_as_it_is(deployr, checkout, project):
    checkout.commit("label", deploy_yaml="runs_on: pool\n")
    checkout.push()

    assert 0 == deployr("push", "--dry-run", "--no-follow").code
    assert json.loads(deployr("projects", "show", "app", "--json").out)["runs_on"] is None
    refused = deployr("push", "--dry-run", "--runner", "web-1")
    assert (2, "Error: --dry-run changes nothing: leave out --runner.\n") == (
        refused.code,
        refused.err,
    )


def test_no_cache_reaches_the_runner(deployr, checkout, hand_runner):
    deployr("push", "--create", "--no-cache", "--no-follow")

    _, spec = hand_runner.claim_when_there_is_one()
    assert ("deploy", {"cache": "no"}) == (spec.action, spec.params)


def test_dry_run_is_not_retried(deployr, project):
    plan = json.loads(deployr("push", "--dry-run", "--no-follow", "--json").out)["id"]
    deployr("cancel", str(plan))

    assert "Use `deployr push --dry-run` instead." in deployr("retry", str(plan)).err
