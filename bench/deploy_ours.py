"""Ourselves in `bench.deploy`: `deployr push`, and what of it is the engine's."""

import contextlib
import json
import shutil
import sqlite3
import time
from datetime import datetime

from bench.deploy_apps import BenchApp
from bench.deploy_peers import Seconds, write_secrets
from bench.figures import seconds_of
from tools.demo.system import DeployrSystem

PUSH_PART, STEP = "push ", "step "
"""Beginnings of the names under which parts of `deployr push` and of the engine are kept."""


class Push:
    """`deployr push`, from its start to its exit, with backend and runner at work."""

    def __init__(self, app: BenchApp, system: DeployrSystem, *place: str) -> None:
        """Start what has to be there; the first push may create the project.

        `place` are the options that say where it goes, other than on this machine.
        """
        self._app, self._system = app, system
        self.root = system.path
        system.start_backend()
        self.reset()
        system.register_runner(place=place)

    def reset(self) -> None:
        """See Contestant."""
        server = self._system.root / "server"
        state = server / "state"
        for directory in (self.root, state / "repos", state / "caches"):
            shutil.rmtree(directory, ignore_errors=True)
        if secrets := write_secrets(self._app, server):
            self._system.write_env_file(self._app.name, secrets)

    def deploy(self, commit: str) -> Seconds:
        """Return also what the push waited for, the engine's time, and that of each step."""
        push = ("deployr", "push", "--create", "--commit", commit)
        begun = time.time()
        seconds = seconds_of(lambda: self._system.run(*push))
        job = json.loads(self._system.run("deployr", "--json", "status").stdout)
        created, claimed, completed = self._moments(job["id"])
        waits = {"queue": created - begun, "claim": claimed - created}
        waits |= {"engine": completed - claimed, "tell": begun + seconds - completed}
        return {
            "deployr push": seconds,
            "engine": completed - claimed,
            **{f"{PUSH_PART}{name}": value for name, value in waits.items()},
            **{f"{STEP}{step['name']}": step["seconds"] for step in job["steps"]},
        }

    def _moments(self, job_id: int) -> list[float]:
        """Return when a job was created, claimed and completed; answers have whole seconds only."""
        columns = "created_at, started_at, completed_at"
        query = f"SELECT {columns} FROM deployment_jobs WHERE id = ?"
        with contextlib.closing(sqlite3.connect(self._system.root / "backend.sqlite")) as database:
            (row,) = database.execute(query, (job_id,))
        return [datetime.fromisoformat(f"{moment}+00:00").timestamp() for moment in row]
