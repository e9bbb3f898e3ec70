"""The other commands against the real backend."""

import json
import shlex
import subprocess

import pytest

from deployr.manifest import Manifest
from deployr.wire import Report


@pytest.fixture
def job(deployr, checkout):
    """A queued job of the checkout's project."""
    return json.loads(deployr("push", "--create", "--no-follow", "--json").out)["id"]


def test_status_of_a_waiting_job(deployr, job):
    said = deployr("status").out

    assert f"Job:          {job} (app, production)\nStatus:       queued\n" in said


def test_status_says_which_job_goes_first(deployr, job):
    second = json.loads(deployr("push", "--no-follow", "--json").out)["id"]

    assert f"Why:          waits for job {job}\n" in deployr("status", str(second)).out


def test_logs_prints_the_whole_log_as_it_is(deployr, job, hand_runner):
    hand_runner.claim_next()
    text = "".join(f"line {number}\n" for number in range(1000))
    hand_runner.log(job, text)
    hand_runner.finish(job, Report(), len(text))

    assert text == deployr("logs").out
    followed = deployr("logs", str(job), "--follow")
    assert (0, text) == (followed.code, followed.out)


def test_cancel_of_a_waiting_job(deployr, job):
    assert f"Job {job} is cancelled.\n" == deployr("cancel").out
    assert "failed (cancelled)" in deployr("jobs").out
    again = deployr("cancel", str(job))
    assert 2 == again.code


def test_cancel_of_a_running_job_waits_for_the_runner(deployr, job, hand_runner):
    hand_runner.claim_next()

    assert f"Job {job} is being stopped" in deployr("cancel").out
    assert hand_runner.post(job, "running").json()["cancel"]
    assert "Cancel:       asked for" in deployr("status").out


def test_jobs_are_paged(deployr, job):
    second = json.loads(deployr("push", "--no-follow", "--json").out)["id"]

    page = deployr("jobs", "--limit", "1")
    assert f"Older ones: deployr jobs --before {second}\n" == page.err
    older = json.loads(deployr("jobs", "--before", str(second), "--json").out)
    assert [job] == [one["id"] for one in older["jobs"]]


def test_commands_of_another_user_find_nothing(deployr, job, backend, monkeypatch):
    monkeypatch.setenv("DEPLOYR_TOKEN", backend.another_user("bob@example.com"))

    for command in ("status", "logs", "cancel"):
        assert 4 == deployr(command, str(job)).code
    assert {"projects": []} == json.loads(deployr("projects", "--json").out)


def test_projects_can_be_shown_changed_and_deleted(deployr, job):
    deployr("cancel", str(job))

    assert "branch:       main\n" in deployr("projects", "show", "app").out
    assert 2 == deployr("projects", "update", "app").code
    assert 0 == deployr("projects", "update", "app", "--branch", "release", "--name", "shop").code
    assert "branch:       release\n" in deployr("projects", "show", "shop").out
    assert 2 == deployr("projects", "delete", "shop").code
    assert 0 == deployr("projects", "delete", "shop", "--yes").code
    assert 4 == deployr("projects", "show", "shop").code


def test_runners_add_prints_the_line_for_the_server(deployr, checkout, backend):
    said = deployr("runners", "add", "--path", "/srv/my app", "--name", "web-1")

    words = shlex.split(said.out)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert ["deployr-runner", "register"] == words[:2]
    assert options.pop("--code").startswith("dpc_")
    assert {
        "--url": backend.url, "--project": "app", "--allow-repo": checkout.url,
        "--allow-branch": "main", "--path": "/srv/my app", "--name": "web-1",
    } == options  # fmt: skip


def test_runners_add_needs_a_path_when_nobody_can_be_asked(deployr, checkout):
    assert "Where does the app live on the server?" in deployr("runners", "add").err


def test_runners_are_listed_and_revoked(deployr, hand_runner):
    hand_runner.poll()

    assert "online" in deployr("runners").out
    assert "✓ Revoked web-1\n" == deployr("runners", "revoke", "web-1", "--yes").out
    assert 4 == deployr("runners", "revoke", "web-1", "--yes").code
    assert "revoked" in deployr("runners").out


def test_init_writes_what_the_checkout_says(deployr, checkout):
    said = deployr("init", "--yes", "--path", "/var/www/app")

    manifest = Manifest.parse((checkout.path / "deploy.yaml").read_text())
    assert (0, "✓ Wrote deploy.yaml for app (static)") == (said.code, said.out.splitlines()[0])
    assert ("app", "static") == (manifest.project.name, manifest.project.framework)
    assert ("main", "/var/www/app") == (manifest.repo.branch, manifest.deploy.path)


def test_init_overwrites_only_by_force(deployr, checkout):
    first = deployr("init", "--yes")

    assert "`deployr runners add --path /var/www/app`" in first.out
    assert "exists already." in deployr("init", "--yes").err
    assert 0 == deployr("init", "--yes", "--force").code
    assert "deploy.path: must be an absolute path" in deployr("init", "--force", "--path", "x").err


def test_init_quotes_odd_names(deployr, tmp_path, monkeypatch):
    odd = tmp_path / "1.10"
    subprocess.run(["git", "init", "-q", "-b", "yes", odd], check=True)
    monkeypatch.chdir(odd)

    assert 0 == deployr("init", "--yes").code
    manifest = Manifest.parse((odd / "deploy.yaml").read_text())
    assert ("1.10", "yes") == (manifest.project.name, manifest.repo.branch)


def test_schema_prints_the_sample_or_the_json_schema(deployr):
    assert "keep_releases: 5" in deployr("schema").out
    assert "deploy.yaml of Deployr" == json.loads(deployr("schema", "--json").out)["title"]
