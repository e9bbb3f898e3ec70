"""Builds and hooks of another user: what they can't read, and that nothing of them is left.

Both ways of a real server: a runner that is root, and one that becomes the build user by sudo.
"""

import json
import os
import pwd
from functools import partial
from pathlib import Path

from tests.support.unprivileged import as_user

from .apart import BUILDER, OTHER, Server
from .fake_backend import FakeJob


def attempts(server: Server) -> str:
    """Return a command line that says what of the runner's it can read or change."""
    config, state, root = server.places.config, server.places.state, server.root
    tries = {
        "cat": (
            config / "token",
            config / "runner.toml",
            config / "env/blog/production.env",
            config / "env/shop/production.env",
            config.parent / "home/.ssh/id_ed25519",
            f"{state}/jobs/*/*",
            f"{state}/repos/*/HEAD",
        ),
        "ls": (config, state),
        "touch": [f"{root / place}/touched" for place in ("", "releases", "shared", ".deployr")],
        "truncate -s +0": (root / ".deployr/releases.jsonl",),
    }
    return "; ".join(
        f"! {how} {path} >/dev/null 2>&1 || echo DONE: {how} {Path(path).name}"
        for how, paths in tries.items()
        for path in paths
    )


def said(job: FakeJob) -> list[str]:
    """Return the output of the commands, without the commands."""
    return [line for line in job.text.splitlines() if not line.startswith("$ ")]


def test_builds_and_hooks_can_not_reach_what_is_the_runners(server):
    tried = attempts(server)
    build = [tried, 'echo "build: $(id -un), $HOME, ${API_KEY:+has the key}"',
             "mkdir -p dist/deep; echo built > dist/index.html; echo x > dist/deep/x"]  # fmt: skip
    hook = [tried, 'echo "hook: $(id -un)"; grep -q API_KEY .env; echo up > uploads/by-hook']
    deploy = {
        "hooks": {"before_activate": hook, "after_activate": [tried]},
        "shared": {"dirs": ["uploads"], "files": [".env"]},
    }
    for _ in range(2):
        job = server.deployed(
            {"source": "x"}, build={"commands": build, "output": "dist"}, deploy=deploy
        )

        assert "completed" == job.status, job.text
        assert [] == [line for line in said(job) if line.startswith("DONE")]
        home = pwd.getpwnam(BUILDER).pw_dir
        assert f"build: {BUILDER}, {home}, has the key" in said(job)
        assert f"hook: {BUILDER}" in said(job)
        assert "built\n" == (server.current / "index.html").read_text()
        assert 0o005 == (server.current / "deep").stat().st_mode & 0o007
        assert "up\n" == (server.root / "shared/uploads/by-hook").read_text()
    assert [] == list(server.places.work.iterdir())


def test_without_a_build_user_the_same_commands_reach_it(server):
    """So the other test would notice."""
    as_user(server.agent, lambda: server.use(build_user=None))

    job = server.deployed({"index.html": "x"}, build={"commands": [attempts(server)]})

    assert 14 == len([line for line in said(job) if line.startswith("DONE")]), job.text


def test_old_releases_go_whatever_their_builds_made_of_them(server):
    closed = "mkdir -p closed/deep && touch closed/deep/x && chmod -R a-w closed"
    for number in range(4):
        job = server.deployed(
            {"index.html": str(number)},
            build={"commands": [closed]},
            deploy={"keep_releases": 1},
        )
        assert "completed" == job.status, job.text

    assert 2 == len(server.releases)
    assert [] == list(server.places.work.iterdir())


def test_user_that_can_not_be_switched_to_is_a_refusal_and_no_fallback(server):
    for name, word in {
        "no-such-user": "does not exist here: sudo useradd",
        "root": "must be neither root nor the runner's own",
        server.agent: "must be neither root nor the runner's own",
        OTHER: f"can't start processes as {OTHER}",
    }.items():
        if name == OTHER and server.agent == "root":
            continue
        as_user(server.agent, partial(server.use, user=name))
        job = server.deployed({"index.html": "x"}, build={"commands": ["touch made"]})

        assert "preflight_failed" == job.reason
        assert word in str(job.report.detail)
        assert "touch made" not in job.text


NPM = """#!/bin/sh -e
case "$1" in
    --version) echo 1 ;;
    ci) mkdir -p node_modules/left && echo left > node_modules/left/index.js && echo installed ;;
    run) mkdir -p dist && touch dist/index.html node_modules/left/made node_modules/.made ;;
esac
"""
LOCK = {"packages": {"": {}, "node_modules/left": {"version": "1.0.0"}}}
SHOP = {
    "package.json": json.dumps({"scripts": {"build": "make"}}),
    "package-lock.json": json.dumps(LOCK),
}


def test_packages_that_one_build_installed_are_linked_by_the_next(server, monkeypatch):
    tools = server.repo.parent / "bin"
    tools.mkdir()
    # The real ones may stand where only root may read.
    for name, script in {"npm": NPM, "node": "#!/bin/sh\necho v22.0.0\n"}.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")

    first, second = (server.deployed(SHOP) for _ in range(2))
    assert ("completed", "completed") == (first.status, second.status), second.text
    assert "installed" in first.text
    assert "node_modules: reused, 1 files, 0.0 MiB" in second.text
    assert "installed" not in second.text
    assert "from the cache" not in second.text
    assert "kept for later" not in first.text
