"""`deployr releases` and `deployr rollback` against the real backend."""

import json

import pytest

from deployr.wire import Release, Report

OLD, SECOND, NEW = "20260203180000-1", "20260204180000-2", "20260205180000-3"
COMMITS = {OLD: "a1b2" * 10, SECOND: "c3d4" * 10, NEW: "c3ff" * 10}


def release(name, state):
    return Release(name=name, commit=COMMITS[name], state=state)


@pytest.fixture
def deployed(deployr, checkout, hand_runner):
    """A deployment that left three releases; returns its job."""
    deployr("push", "--create", "--no-follow")
    job_id, _ = hand_runner.claim_when_there_is_one()
    standing = (release(OLD, "good"), release(SECOND, "good"), release(NEW, "live"))
    hand_runner.finish(job_id, Report(release=standing[-1], releases=standing))
    return job_id


def test_releases_are_listed_and_the_live_one_is_marked(deployr, deployed):
    heading, *lines = deployr("releases").out.splitlines()

    assert ["RELEASE", "STATE", "COMMIT", "BRANCH", "JOB", "CREATED"] == heading.split()
    assert ["●", NEW, "live", COMMITS[NEW][:12], "main", str(deployed)] == lines[0].split()[:6]
    assert [SECOND, "good", COMMITS[SECOND][:12], "-", "-"] == lines[1].split()[:5]
    assert 3 == len(lines)


def test_releases_are_paged_and_of_one_environment(deployr, deployed):
    page = json.loads(deployr("releases", "--limit", "1", "--json").out)

    assert [NEW] == [one["name"] for one in page["releases"]]
    assert f"Older ones: deployr releases --before {page['next']}\n" == (
        deployr("releases", "--limit", "1").err
    )
    assert SECOND in deployr("releases", "--before", str(page["next"])).out
    assert (
        "app has no release in staging yet.\n" == deployr("releases", "--environment=staging").err
    )


def test_rollback_follows_the_log_and_says_where_it_is(
    deployr, deployed, hand_runner, in_background
):
    specs = []

    def work():
        job_id, spec = hand_runner.claim_when_there_is_one()
        specs.append(spec)
        hand_runner.log(job_id, "==> activate\n")
        now = (release(OLD, "live"), release(SECOND, "good"), release(NEW, "good"))
        report = Report(path="/srv/app", commit=COMMITS[OLD], release=now[0], releases=now)
        hand_runner.finish(job_id, report, 13)

    in_background(work)
    done = deployr("rollback", "a1b2", "--yes", "--force")

    assert 0 == done.code, done.err
    assert f": app rollback to {OLD}\n" in done.err
    assert "==> activate\n" in done.out
    assert f"✓ Rolled back to {OLD}\n  Deployed to: /srv/app\n" in done.out
    assert ("rollback", COMMITS[OLD]) == (specs[0].action, specs[0].commit)
    assert {"release": OLD, "force": "yes"} == specs[0].params
    assert f"●  {OLD}" in deployr("releases").out
    assert "Action:       rollback\n" in deployr("status").out
    assert "rollback" in deployr("jobs").out


def test_without_a_name_the_runner_chooses(deployr, deployed, checkout, hand_runner):
    checkout.commit("path", deploy_yaml="deploy: {path: /srv/app}\n")

    queued = json.loads(deployr("rollback", "--yes", "--no-follow", "--json").out)

    job_id, spec = hand_runner.claim_when_there_is_one()
    assert queued["id"] == job_id
    assert ("rollback", "", {"path": "/srv/app"}) == (spec.action, spec.commit, spec.params)


@pytest.mark.parametrize("named", [[], [SECOND]])
def test_refusal_because_of_migrations_ends_with_how_to_force(
    deployr, deployed, hand_runner, in_background, named
):
    def work():
        job_id, _ = hand_runner.claim_when_there_is_one()
        detail = f"1 migrations ran after {SECOND}: 2026_add_price"
        report = Report(detail=detail)
        hand_runner.finish(job_id, report, status="failed", reason="preflight_failed")

    in_background(work)
    refused = deployr("rollback", *named, "--yes")

    assert 1 == refused.code
    assert "✗ Rollback failed: preflight_failed\n  1 migrations ran after" in refused.out
    command = " ".join(["deployr rollback", *named, "--force"])
    assert refused.out.splitlines()[-1].endswith(command)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("2026", 2, ["Several releases begin with 2026", OLD, SECOND, NEW]),
        ("", 4, ["No release in production begins with ''"]),
        ("c3", 4, ["No release in production begins with 'c3'", "at least 4"]),
        ("1999", 4, ["See `deployr releases`;"]),
    ],
)
def test_what_stands_for_no_one_release_is_never_guessed(deployr, deployed, text, code, words):
    refused = deployr("rollback", text, "--yes")

    assert code == refused.code
    assert [] == [word for word in words if word not in refused.err]
    assert 1 == len(json.loads(deployr("jobs", "--json").out)["jobs"])


def test_rollback_asks_first(deployr, deployed):
    refused = deployr("rollback", SECOND)

    assert 2 == refused.code
    assert "Rolling back app (production) needs --yes when nobody can be asked." in refused.err


def test_release_that_is_gone_is_refused_with_those_that_are_not(deployr, deployed, hand_runner):
    deployr("push", "--no-follow")
    job_id, _ = hand_runner.claim_when_there_is_one()
    standing = (release(SECOND, "good"), release(NEW, "live"))
    hand_runner.finish(job_id, Report(releases=standing))

    refused = deployr("rollback", OLD, "--yes")

    assert 2 == refused.code
    said = f"The release {OLD} was removed from its server. Good ones to go back to: {SECOND}."
    assert said in refused.err


def test_name_that_only_the_runner_may_know_reaches_it(deployr, deployed, hand_runner):
    deployr("rollback", "20250101000000-9", "--yes", "--no-follow")

    _, spec = hand_runner.claim_when_there_is_one()
    assert {"release": "20250101000000-9"} == spec.params


def test_rollback_is_not_retried_but_asked_for_anew(deployr, deployed):
    deployr("rollback", "--yes", "--no-follow")
    deployr("cancel")

    refused = deployr("retry")

    assert 2 == refused.code
    assert "is a rollback; only deployments can be retried." in refused.err
    assert "Use `deployr rollback RELEASE` instead." in refused.err
