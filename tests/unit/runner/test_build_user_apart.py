"""What two build users keep from each other, and which user restarts what."""

import os
from pathlib import Path

import pytest

from runner.accounts import find
from runner.config import load, save
from runner.preflight.service import sharing_findings
from runner.targets.vps import VpsTarget
from tests.support.unprivileged import as_user

from .apart import BUILDER, OTHER, Server
from .fake_backend import FakeJob
from .test_build_user import said

PM2 = '#!/bin/sh\necho "pm2 of $(id -un), $HOME, ${DEPLOYR_MARK-unmarked}: $*"\n'


@pytest.fixture
def pm2(server: Server, monkeypatch) -> Server:
    """A pm2 that says who runs it."""
    tools = server.repo.parent / "bin"
    tools.mkdir()
    (tools / "pm2").write_text(PM2)
    (tools / "pm2").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return server


def restarted(job: FakeJob) -> list[str]:
    return [line.partition(",")[0] for line in job.text.splitlines() if line.startswith("pm2 of")]


def test_pm2_is_that_of_the_build_user_also_on_the_way_back(pm2):
    restart = [{"pm2": "shop"}]
    first = pm2.deployed({"index.html": "x"}, deploy={"restart": restart})
    hooks = {"after_activate": ['test "$DEPLOYR_JOB" = 1']}
    second = pm2.deployed({"index.html": "y"}, deploy={"restart": restart, "hooks": hooks})

    assert ("completed", "failed") == (first.status, second.status), second.text
    assert [f"pm2 of {BUILDER}"] == restarted(first)
    assert [f"pm2 of {BUILDER}"] * 2 == restarted(second)
    assert ", unmarked: restart shop" in first.text


def test_root_restarts_only_units_that_its_owner_lists(server):
    """Another runner is bound by sudoers: here sudo refuses it."""
    restart = [{"systemd": "deployr-no-such-unit"}]
    refused = server.deployed({"index.html": "x"}, deploy={"restart": restart})
    config = load(server.places)
    listed = config.model_copy(update={"restart": ("deployr-no-such-unit",)})
    as_user(server.agent, lambda: save(server.places, listed))
    allowed = server.deployed({"index.html": "y"}, deploy={"restart": restart})

    if server.agent == "root":
        assert "policy_refused" == refused.reason
        assert 'restart = ["deployr-no-such-unit"]' in str(refused.report.detail)
        assert not refused.report.release
    assert "exit_nonzero" == allowed.reason, allowed.text
    assert "$ " in allowed.text
    assert "systemctl restart deployr-no-such-unit" in allowed.text


@pytest.mark.parametrize("user", [OTHER, BUILDER], ids=["other", "same"])
def test_build_reads_the_env_of_another_project_only_with_the_same_user_and_doctor_warns(
    server, user
):
    config = load(server.places)
    path = server.root.parent / "blog"
    changes = {"project": "blog", "path": str(path), "user": user}
    blog = config.allow[0].model_copy(update=changes)
    both = config.model_copy(update={"allow": (*config.allow, blog)})
    as_user(server.agent, lambda: save(server.places, both))
    as_user(server.agent, lambda: VpsTarget(path, find(user)).write_shared(".env", "KEY=of-blog\n"))

    tried = f"cat {path}/shared/.env >/dev/null 2>&1 && echo 'can read it' || echo refused"
    job = server.deployed({"index.html": "x"}, build={"commands": [tried]})
    warnings = [finding.text for finding in sharing_findings(load(server.places))]

    assert 0o640 == (path / "shared/.env").stat().st_mode & 0o777
    if user == OTHER:
        assert ("refused" in said(job), []) == (True, warnings)
    else:
        assert "can read it" in said(job)
        assert 1 == len(warnings)
        assert warnings[0].startswith("shop (production) and blog (production) are built by the")
        assert f"--project blog --environment production --repo {blog.repo}" in warnings[0]


def test_shared_file_appears_with_its_mode_and_group_at_once(server, monkeypatch):
    """An app that reads it in between, or a kill, must not meet a file that only we may read."""
    seen = []

    def replace(source: Path, goal: Path) -> None:
        seen.append((source.stat().st_mode & 0o777, source.stat().st_gid))
        source.rename(goal)

    monkeypatch.setattr(Path, "replace", replace)
    target = VpsTarget(server.root, find(BUILDER))
    target.prepare()
    target.write_shared(".env", "A=1\n")

    assert [(0o640, find(BUILDER).gid)] == seen


def test_record_of_releases_is_private(server):
    server.deployed({"index.html": "x"})

    assert 0o600 == (server.root / ".deployr/releases.jsonl").stat().st_mode & 0o777
