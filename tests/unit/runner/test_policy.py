"""The owner's list decides; what the backend says is data."""

import json
import os
import stat

import pytest

from deployr.wire import JobSpec
from runner.allowlist import Allow
from runner.errors import JobFailedError
from runner.policy import allowed_entry

ENTRY = Allow(
    project="shop", repo="https://git.example.com/shop.git", branches=("main",), path="/srv/shop"
)
HASH = "a" * 40


def spec(**changes: object) -> JobSpec:
    fields = {"nonce": "n" * 8, "project": "shop", "repo": ENTRY.repo, "branch": "main"}
    return JobSpec.model_validate({**fields, "commit": HASH, "iat": 0, "exp": 1, **changes})


def refusal(**changes: object) -> str:
    with pytest.raises(JobFailedError) as caught:
        allowed_entry(spec(**changes), (ENTRY,))
    assert "policy_refused" == caught.value.reason
    return caught.value.detail


def test_listed_job_is_allowed():
    assert ENTRY == allowed_entry(spec(params={"path": "/srv/shop"}), (ENTRY,))


def test_unlisted_project_is_refused_with_the_command_that_would_allow_it():
    detail = refusal(project="blog")

    assert (
        "deployr-runner allow add --project blog --repo https://git.example.com/shop.git "
        "--branch main --path /path/on/this/server --environment production"
    ) in detail


def test_other_branch_is_refused_with_the_command_that_would_allow_it():
    assert "--branch next --path /srv/shop" in refusal(branch="next")


def test_other_environment_is_refused():
    assert "environment 'staging'" in refusal(environment="staging")


def test_repository_must_be_the_same_text():
    detail = refusal(repo="https://git.example.com/shop")

    assert "may only come from https://git.example.com/shop.git" in detail
    assert "deployr-runner allow remove --project shop" in detail


def test_other_path_is_refused():
    assert "goes to /srv/shop" in refusal(params={"path": "/etc"})


def test_plan_is_under_the_same_rules_as_a_deployment():
    assert "is not allowed here" in refusal(action="plan", branch="evil")
    assert "whole hash" in refusal(action="plan", commit="abcd")


def test_rollback_needs_neither_branch_nor_commit_but_the_project_and_its_path():
    assert ENTRY == allowed_entry(spec(action="rollback", branch="gone", commit=""), (ENTRY,))
    assert "goes to /srv/shop" in refusal(action="rollback", params={"path": "/etc"})
    assert "may only come from" in refusal(action="rollback", repo="https://example.com/x.git")


@pytest.mark.parametrize("commit", ["", "abcd", "a" * 39])
def test_only_an_unsigned_job_may_leave_the_commit_open(commit):
    assert "whole hash" in refusal(commit=commit)
    assert ENTRY == allowed_entry(spec(commit=commit, unsigned=True), (ENTRY,))


@pytest.mark.parametrize(
    "changes",
    [
        {"project": "x; rm -rf /"},
        {"branch": "$(reboot)\n"},
        {"repo": "ext::sh -c reboot"},
        {"environment": "`id`"},
    ],
)
def test_nothing_hostile_stands_in_a_command_to_copy(changes):
    """An owner may paste it into a root shell."""
    assert "deployr-runner allow" not in refusal(**changes) or "--help" in refusal(**changes)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """A PATH on which every program only writes down that it was started."""
    started = tmp_path / "started"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "tar", "sh", "npm", "php", "composer"):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\necho "$0 $*" >> {started}\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    return started


HOSTILE = {
    "repo": {"repo": "https://evil.example.com/shop.git"},
    "option for git": {"repo": "--upload-pack=touch /tmp/x"},
    "command transport": {"repo": "ext::sh -c reboot"},
    "branch": {"branch": "evil"},
    "option as branch": {"branch": "--output=/etc/passwd"},
    "environment": {"environment": "../../etc"},
    "project": {"project": "../blog"},
    "path": {"params": {"path": "/etc"}},
    "rollback elsewhere": {"action": "rollback", "params": {"path": "/etc"}},
    "open commit": {"commit": "abcd", "unsigned": False},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_hostile_backend_starts_no_process(site, recorder, changes):
    site.commit({"index.html": "x"})
    os.environ["PATH"] = str(recorder.parent / "tools")

    job = site.work(site.backend.add(site.spec(**{"commit": HASH, **changes})))

    assert "policy_refused" == job.reason
    assert not recorder.exists()
    assert not site.root.exists()
    assert not site.places.repos.exists()


PAYLOADS = {
    "empty": b"",
    "no JSON": b"rm -rf /",
    "list": b"[]",
    "deep": b"[" * 50_000,
    "two projects": b'{"project": "shop", "project": "blog"}',
    "other type": b'{"v": 1, "typ": "deployr.shell", "project": "shop"}',
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_unreadable_payload_starts_no_process(site, recorder, payload):
    job = site.work(site.backend.add(payload))

    assert "internal" == job.reason
    assert "the job can't be read" in job.report.detail
    assert not recorder.exists()


def test_recorder_would_notice_a_process(site, recorder):
    """The same job, allowed, does start git."""
    job = site.work(site.backend.add(site.spec("b" * 40)))

    assert "failed" == job.status
    assert "git" in recorder.read_text()


def test_fields_that_the_policy_does_not_know_change_nothing(site):
    site.commit({"index.html": "x"})
    raw = json.loads(site.spec().to_bytes()) | {"commands": ["touch /tmp/x"], "env": {"A": "1"}}

    assert "completed" == site.work(site.backend.add(json.dumps(raw).encode())).status


def test_deploy_yaml_may_not_ask_for_another_path(site):
    site.commit({"deploy.yaml": "deploy: {path: /etc/cron.d}\nbuild: {commands: [touch x]}\n"})

    job = site.push()

    assert "policy_refused" == job.reason
    assert "/etc/cron.d" in job.report.detail
    assert "==> build" not in job.text


def test_deploy_yaml_of_another_project_is_refused(site):
    site.commit({"deploy.yaml": "project: {name: blog}\n"})

    assert "policy_refused" == site.push().reason


def test_deploy_yaml_and_the_owners_list_agree_on_the_kind_of_target(site):
    site.commit({"deploy.yaml": "project: {target: cpanel}\n"})

    job = site.push()

    assert "policy_refused" == job.reason
    assert "add it with --docroot" in job.report.detail

    site.commit({"deploy.yaml": ""})
    site.allow(docroot="/home/me/public_html")

    job = site.push()

    assert "policy_refused" == job.reason
    assert "set project.target: cpanel" in job.report.detail


def test_host_that_is_not_registered_is_named(site):
    site.commit({"deploy.yaml": "project: {target: cpanel}\n"})
    site.allow(host="hoster")

    job = site.push()

    assert "policy_refused" == job.reason
    assert "hoster is no host of this runner" in job.report.detail


def test_list_is_read_anew_for_each_job(site):
    """`allow add` needs no restart."""
    site.commit({"index.html": "x"})
    site.allow(project="blog")
    assert "policy_refused" == site.push().reason

    site.allow()

    assert "completed" == site.push().status


def test_unsafe_configuration_refuses_jobs(site):
    site.commit({"index.html": "x"})
    path = site.places.config / "runner.toml"
    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o040)

    job = site.push()

    assert "policy_refused" == job.reason
    assert "chmod 600" in job.report.detail
