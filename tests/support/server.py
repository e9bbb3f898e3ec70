"""A machine with a real `deployr-runner` process, a repository and a served backend."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.allowlist import Allow
from runner.config import Places, RunnerConfig, save, save_token
from tests.support.live import HandRunner, LiveBackend
from tests.unit.runner.site import git

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "DEPLOYR_HEARTBEAT_SECONDS": "0.2",
    "DEPLOYR_LEASE_SECONDS": "120",
    "DEPLOYR_POLL_MIN_SECONDS": "0.1",
    "DEPLOYR_POLL_MAX_SECONDS": "0.2",
    "DEPLOYR_STAMP_SECONDS": "0.5",
}


class Server:
    """Projects that are deployed below `www`; the runner's own log is `runner.log`."""

    def __init__(self, base: Path, backend: LiveBackend) -> None:
        self._backend = backend
        self._base = base
        self._repo = base / "origin"
        self._repo.mkdir()
        git(self._repo, "init", "--quiet")
        self.places = Places(config=base / "config", state=base / "state")
        self.journals = self.places.state / "jobs"
        save_token(self.places, HandRunner(backend).token)
        self._projects: dict[str, int] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.configure("shop")

    def configure(self, *names: str, **config: Any) -> None:
        """Make these projects and let the runner deploy them."""
        repo = self._repo.as_uri()
        for name in names:
            if name not in self._projects:
                body = {"name": name, "repo_url": repo, "target": "vps"}
                made = self._backend.ask("POST", "/api/projects", body)
                self._projects[name] = made.json()["id"]
        allowed = [
            {"project": name, "repo": repo, "branches": ("main",), "path": str(self.root(name))}
            for name in names
        ]
        save(
            self.places,
            RunnerConfig(
                url=self._backend.url,
                name="web-1",
                allow=tuple(map(Allow.model_validate, allowed)),
                **config,
            ),
        )

    def root(self, project: str = "shop") -> Path:
        return self._base / "www" / project

    def live(self, project: str = "shop") -> str | None:
        """Return the name of the live release."""
        current = self.root(project) / "current"
        return current.readlink().name if current.is_symlink() else None

    @property
    def repo(self) -> Path:
        """The developer's checkout; all projects are deployed from it."""
        return self._repo

    def push(self, project: str = "shop", **manifest: Any) -> int:
        """Commit this deploy.yaml and queue a job; return its id."""
        (self._repo / "index.html").write_text(str(time.monotonic()))
        (self._repo / "deploy.yaml").write_text(json.dumps(manifest))
        git(self._repo, "add", "--all")
        git(self._repo, "commit", "--quiet", "--message", "change")
        made = self._backend.ask("POST", "/api/jobs", {"project_id": self._projects[project]})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def start(self, die_at: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Start the runner, or one that dies at a place (see killed_runner.py)."""
        return self.command("run", die_at=die_at, **environment)

    def command(self, name: str, die_at: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Start a command of `deployr-runner`; see `start`."""
        module = ["tests.support.killed_runner", die_at] if die_at else ["runner"]
        env = {"PATH": os.environ["PATH"], "HOME": str(self._base), **environment}
        env |= {"DEPLOYR_RUNNER_CONFIG": str(self.places.config)}
        env |= {"DEPLOYR_RUNNER_STATE": str(self.places.state)}
        with (self._base / "runner.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *module, name], cwd=ROOT, env=env, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        """End the runners that are still there."""
        for process in self._processes:
            process.kill()
            process.wait()

    def job(self, job_id: int) -> dict[str, Any]:
        """Return the job as its user sees it."""
        found: dict[str, Any] = self._backend.ask("GET", f"/api/jobs/{job_id}").json()
        return found

    def log(self, job_id: int) -> str:
        """Return the log, once it is whole."""
        pieces, start = [], 0
        while True:
            path = f"/api/jobs/{job_id}?log_from={start}"
            log = self._backend.ask("GET", path).json()["log"]
            pieces.append(base64.b64decode(log["data"]))
            if log["complete"]:
                return b"".join(pieces).decode()
            start = log["next"]

    def until(self, is_true: Callable[[], Any], seconds: float = 120) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + seconds
        while not is_true():
            said = (self._base / "runner.log").read_text()
            assert time.monotonic() < deadline, f"it did not become true; the runner said: {said}"
            time.sleep(0.05)

    def settled(self, job_id: int) -> dict[str, Any]:
        """Return a job that has ended, when its whole log is there and its journal is gone."""
        self.until(lambda: self.job(job_id)["logs_complete"])
        self.until(lambda: not (self.journals / str(job_id)).exists())
        return self.job(job_id)
