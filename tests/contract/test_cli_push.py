"""`deployr push` against the real backend, with a runner driven by hand."""

import json

import pytest

from deployr.wire import Report, Step


def test_push_follows_the_log_and_says_where_it_is(deployr, checkout, hand_runner, in_background):
    specs = []

    def work():
        job_id, spec = hand_runner.claim_when_there_is_one()
        specs.append(spec)
        hand_runner.log(job_id, "==> build\n")
        hand_runner.log(job_id, "\x1b[2Jhé\x1b[32mllo\x1b[0m\n", offset=10)
        steps = (Step(name="build", seconds=1.5), Step(name="activate", seconds=0.1))
        report = Report(path="/var/www/app", url="https://app.example.com", commit=spec.commit,
                        steps=steps)  # fmt: skip
        hand_runner.finish(job_id, report, log_bytes=30)

    in_background(work)
    done = deployr("push", "--create")

    head = checkout.git("rev-parse", "HEAD")
    assert 0 == done.code, done.err
    assert "==> build\nhéllo\n" in done.out
    assert "✓ Deployment completed successfully!\n  Deployed to: /var/www/app\n" in done.out
    assert "  URL: https://app.example.com\n" in done.out
    assert "  Time: " in done.out
    spec = specs[0]
    assert ("app", checkout.url, "main", head) == (
        spec.project,
        spec.repo,
        spec.branch,
        spec.commit,
    )
    assert not spec.unsigned


def test_failure_shows_why_and_exits_with_1(deployr, checkout, hand_runner, in_background):
    def work():
        job_id, _ = hand_runner.claim_when_there_is_one()
        hand_runner.log(job_id, "$ make\nboom\n")
        report = Report(detail="build: `make` ended with exit code 2")
        hand_runner.finish(job_id, report, 12, status="failed", reason="exit_nonzero", exit_code=2)

    in_background(work)
    failed = deployr("push", "--create")

    assert 1 == failed.code
    assert "boom\n" in failed.out
    assert (
        "✗ Deployment failed: exit_nonzero\n  build: `make` ended with exit code 2\n" in failed.out
    )


def test_json_is_one_value_on_stdout_and_the_log_goes_to_stderr(
    deployr, checkout, hand_runner, in_background
):
    def work():
        job_id, spec = hand_runner.claim_when_there_is_one()
        hand_runner.log(job_id, "hello\n")
        hand_runner.finish(job_id, Report(path="/srv/app", commit=spec.commit), 6)

    in_background(work)
    done = deployr("push", "--create", "--json")

    assert ("completed", "/srv/app") == tuple(
        json.loads(done.out)[key] for key in ("status", "path")
    )
    assert "hello\n" in done.err


def test_second_push_finds_the_project(deployr, checkout, backend):
    first = json.loads(deployr("push", "--create", "--no-follow", "--json").out)
    second = json.loads(deployr("push", "--no-follow", "--json").out)

    assert first["project_id"] == second["project_id"]
    assert ["app"] == [
        one["name"] for one in json.loads(deployr("projects", "--json").out)["projects"]
    ]


def test_timeout_leaves_the_job_alone(deployr, checkout):
    late = deployr("push", "--create", "--timeout", "1s")

    assert 6 == late.code
    assert "did not end within 1 second." in late.err
    assert "deployr logs 1 --follow" in late.err.replace(_job_id(late.err), "1")
    assert "queued" == json.loads(deployr("status", "--json").out)["status"]


def _job_id(text):
    return text.split("Job ")[1].split()[0].rstrip(":")


def test_project_is_not_created_unasked(deployr, checkout):
    refused = deployr("push")

    assert 4 == refused.code
    assert "`deployr push --create` creates it." in refused.err
    assert {"projects": []} == json.loads(deployr("projects", "--json").out)


def test_same_name_for_another_repository_is_refused(deployr, checkout, backend):
    other = {"name": "app", "repo_url": "https://github.com/me/other"}
    backend.ask("POST", "/api/projects", other)

    refused = deployr("push", "--create")

    assert 4 == refused.code
    assert "belongs to another repository: https://github.com/me/other" in refused.err


def test_several_runners_must_be_chosen_from(deployr, checkout, backend, hand_runner):
    type(hand_runner)(backend, name="web-2")

    refused = deployr("push", "--create", "--no-follow")

    assert 2 == refused.code
    assert "web-1" in refused.err
    assert "web-2" in refused.err
    assert "deployr push --runner NAME" in refused.err
    assert 0 == deployr("push", "--runner", "web-2", "--no-follow").code
    assert hand_runner.poll()["job_id"] is None


def test_deploy_yaml_of_the_commit_is_checked_before_anything_is_sent(deployr, checkout):
    checkout.commit("break it", deploy_yaml="deploy:\n  pth: /x\n")

    refused = deployr("push", "--create")

    assert 2 == refused.code
    assert "deploy.yaml:2:3 deploy.pth: is not a known key; did you mean path?" in refused.err


def test_unpushed_and_dirty_work_is_warned_about(deployr, checkout, monkeypatch):
    monkeypatch.setattr("cli.git.REMOTE_SECONDS", 60)
    checkout.commit("second", **{"index.html": "<p>second</p>"})
    (checkout.path / "index.html").write_text("dirty")

    warned = deployr("push", "--create", "--no-follow")

    assert "Warning: uncommitted changes are not deployed." in warned.err
    assert "is not on origin/main" in warned.err
    checkout.git("checkout", "-q", ".")
    checkout.push()
    assert "" == deployr("push", "--no-follow").err


def test_other_branch_is_deployed_by_name(deployr, checkout, hand_runner):
    checkout.git("checkout", "-q", "-b", "release")
    head = checkout.commit("on release")
    checkout.push("release")
    checkout.git("checkout", "-q", "main")

    said = deployr("push", "--create", "--branch", "release", "--no-follow")

    assert "Deploying the branch release" in said.err
    _, spec = hand_runner.claim_next()
    assert ("release", head) == (spec.branch, spec.commit)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--branch", "nope"), "There is no commit on the branch nope here."),
        (("--branch=-x",), "The branch is not a git branch name."),
        (("--commit", "beef"), "There is no commit beef here."),
        (("--environment", "a/b"), "The environment must start with"),
        (("--timeout", "soon"), "is not like 90, 90s, 30m or 1h"),
        (("--nonsense",), "No such option"),
    ],
)
def test_wrong_use_is_told_in_a_line(deployr, checkout, options, word):
    refused = deployr("push", *options)

    assert 2 == refused.code
    assert word in refused.err


def test_outside_of_git_it_says_so(deployr, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    refused = deployr("push")

    assert (2, "Error: This is not a git repository.") == (
        refused.code,
        refused.err.splitlines()[0],
    )


def test_credentials_of_the_remote_stay_here(deployr, checkout, backend):
    checkout.git("remote", "set-url", "origin", "https://me:s3cret@git.invalid/me/app.git")

    said = deployr("push", "--create", "--no-follow")

    assert 0 == said.code, said.err
    assert "the git remote holds credentials" in said.err
    assert "https://git.invalid/me/app.git" in deployr("projects", "--json").out
    assert "s3cret" not in said.out + said.err
