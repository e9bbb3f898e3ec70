"""A repository, a runner's places and a backend, for tests that deploy for real."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

from deployr.wire import JobSpec
from runner.agent import Agent
from runner.allowlist import Allow
from runner.client import Client
from runner.config import Places, RunnerConfig, save, save_token
from runner.stop import StopFlag
from runner.targets.vps import VpsTarget

from .fake_backend import TOKEN, FakeBackend, FakeJob

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def git(where: Path, *arguments: str, stdin: str = "") -> str:
    """Run git and return its output."""
    argv = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(
        argv, cwd=where, env=GIT_ENV, check=True, input=stdin, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


class Site:
    """One project that the runner may deploy from a local repository to a directory."""

    def __init__(self, base: Path, backend: FakeBackend) -> None:
        self.backend = backend
        self.repo = base / "origin"
        self.root = base / "www" / "shop"
        self.places = Places(config=base / "config", state=base / "state")
        self.repo.mkdir()
        git(self.repo, "init", "--quiet")
        self.allow()

    def allow(self, **changes: object) -> None:
        """Write the runner's configuration with one entry."""
        fields = {"project": "shop", "repo": self.url, "branches": ("main",)}
        entry = Allow.model_validate(fields | {"path": str(self.root)} | changes)
        config = RunnerConfig(url=self.backend.url, name="web-1", allow=(entry,))
        save(self.places, config)
        save_token(self.places, TOKEN)

    @property
    def url(self) -> str:
        return self.repo.as_uri()

    def commit(self, files: dict[str, str], branch: str = "main") -> str:
        """Write `files`, commit everything and return the commit's hash."""
        if git(self.repo, "branch", "--show-current") != branch:
            git(self.repo, "checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.repo, "add", "--all")
        git(self.repo, "commit", "--quiet", "--allow-empty", "--message", "change")
        return git(self.repo, "rev-parse", "HEAD")

    def spec(self, commit: str = "", **changes: object) -> JobSpec:
        """Return a job as the CLI writes it."""
        now = int(time.time())
        fields = {
            "nonce": "n" * 16,
            "project": "shop",
            "repo": self.url,
            "branch": "main",
            "commit": commit or git(self.repo, "rev-parse", "main"),
            "iat": now,
            "exp": now + 900,
        }
        return JobSpec.model_validate(fields | changes)

    def push(self, **changes: Any) -> FakeJob:
        """Queue a job for the newest commit and let an agent work it to its end."""
        return self.work(self.backend.add(self.spec(**changes)))

    def work(self, job: FakeJob) -> FakeJob:
        with StopFlag() as stop:
            Agent(Client(self.backend.url, TOKEN), self.places, stop).run_once()
        return job

    def env_file(self, text: str) -> Path:
        """Put secrets where the owner puts them."""
        path = self.places.env_file("shop", "production")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def target(self) -> VpsTarget:
        """Return the deploy root as the runner sees it."""
        return VpsTarget(self.root)

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.root / "releases").iterdir())
