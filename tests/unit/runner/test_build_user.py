"""Builds and hooks of another user: what they can't read, and that nothing of them is left.

Both ways of a real server: a runner that is root, and one that becomes the build user by sudo.
"""

import json
import os
import pwd
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from runner import shell
from runner.config import load, save
from runner.shell import marked_processes
from tests.support.unprivileged import as_user, new_users, open_directory

from .fake_backend import FakeBackend, FakeJob
from .site import Site

AGENT, BUILDER, OTHER = (f"dt{kind}{os.getpid()}" for kind in ("agent", "build", "other"))


@pytest.fixture(scope="module")
def users() -> Iterator[None]:
    """The users that the installer makes, and its rule for sudo."""
    rule = Path(f"/etc/sudoers.d/{AGENT}")
    with new_users(AGENT, BUILDER, OTHER):
        subprocess.run(["usermod", "--append", "--groups", f"{BUILDER},{OTHER}", AGENT], check=True)
        rule.write_text(f"{AGENT} ALL=({BUILDER}) NOPASSWD: ALL\n")
        rule.chmod(0o440)
        yield
        rule.unlink()


class Server(Site):
    """A site whose runner is of one user and whose builds are of another."""

    agent = "root"

    def settle(self, agent: str, base: Path) -> None:
        """Give everything to the runner's user."""
        self.agent = agent
        subprocess.run(["chown", "-R", f"{agent}:{agent}", str(base)], check=True)

    def deployed(self, files: dict[str, str], **sections: object) -> FakeJob:
        """Commit the files, and let the runner's user deploy them."""
        as_user(self.agent, lambda: self.commit({**files, "deploy.yaml": json.dumps(sections)}))
        job = self.queue()
        as_user(self.agent, lambda: self.work(job))
        return job

    def use(self, **changes: str | None) -> None:
        """Change the runner's build user, or with `user` that of its only project."""
        config = load(self.places)
        entry = config.allow[0].model_copy(update={"user": changes.pop("user", None)})
        save(self.places, config.model_copy(update={"allow": (entry,), **changes}))

    def queue(self) -> FakeJob:
        spec = self.spec("a" * 40, unsigned=True).model_copy(update={"commit": ""})
        return self.backend.add(spec)


@pytest.fixture(params=["root", "sudo"])
def server(request, users, site, monkeypatch) -> Iterator[Server]:
    """A runner that is root, or one that is not."""
    monkeypatch.setattr(shell, "TERM_SECONDS", 0.5)
    # Python may be where others can't read it: what it loads late is loaded before.
    site.commit({"index.html": "warm-up"})
    site.push()
    with open_directory() as base:
        base.chmod(0o755)
        backend = FakeBackend()
        found = Server(base, backend)
        save(found.places, load(found.places).model_copy(update={"build_user": BUILDER}))
        found.env_file("API_KEY='of the shop'\n")
        other = found.places.env_file("blog", "production")
        other.parent.mkdir(mode=0o700, parents=True)
        other.write_text("API_KEY=of-the-blog\n")
        other.chmod(0o600)
        key = base / "home/.ssh/id_ed25519"
        key.parent.mkdir(parents=True, mode=0o700)
        key.write_text("key")
        key.chmod(0o600)
        found.settle("root" if request.param == "root" else AGENT, base)
        yield found
        backend.close()


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


HIDES = "setsid sh -c 'setsid sh -c \"trap : TERM; while :; do sleep 1; done\" &' & sleep 600 & "


def test_what_a_build_leaves_running_is_ended(server):
    job = server.deployed({"index.html": "x"}, build={"commands": [f"{HIDES} echo begun"]})

    assert "completed" == job.status, job.text
    assert [] == marked_processes(job.claim_id or "")


def test_cancel_ends_all_processes_of_the_build_user(server):
    commands = {"build": {"commands": [f"{HIDES} echo begun; trap : TERM; sleep 600; sleep 600"]}}
    files = {"index.html": "x", "deploy.yaml": json.dumps(commands)}
    as_user(server.agent, lambda: server.commit(files))
    job = server.queue()

    def cancel() -> None:
        while b"begun\n" not in job.log.replace(b"echo begun", b""):
            time.sleep(0.02)
        job.cancel = True

    canceller = threading.Thread(target=cancel)
    canceller.start()
    as_user(server.agent, lambda: server.work(job))
    canceller.join()

    assert "cancelled" == job.reason, job.text
    assert [] == marked_processes(job.claim_id or "")
    assert not server.current.exists()


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


def test_packages_that_one_build_installed_are_linked_by_the_next(server):
    npm = server.repo.parent / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(NPM)
    npm.chmod(0o755)
    env = {"env": {"PATH": f"{npm.parent}:{os.environ['PATH']}"}}

    first, second = (server.deployed(SHOP, build=env) for _ in range(2))
    assert ("completed", "completed") == (first.status, second.status), second.text
    assert "installed" in first.text
    assert "node_modules: reused, 1 files, 0.0 MiB" in second.text
    assert "installed" not in second.text
    assert "from the cache" not in second.text
    assert "kept for later" not in first.text
