"""What one user owns: a runner, a busy project, and an idle one with a finished job."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from tests.factories import chunk, claim, finish, make_job, make_runner, report
from tests.support.backend import Api
from tests.support.canaries import Canaries

LABEL = "web"
"""Of all runners; any with it may take the jobs of busy projects that it may see."""

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """All that stands in the database for him; every text of it is a canary."""

    runner: Api
    busy: dict[str, Any]
    idle: dict[str, Any]
    queued: dict[str, Any]
    """Waits for any runner."""
    done: dict[str, Any]
    runner_name: str


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A user who becomes a tenant; the sets name actors."""

    api: Api
    canaries: Canaries
    alone: AbstractSet[str]
    """Himself, with each of his tokens."""
    members: AbstractSet[str]
    """Also who was invited to his projects."""
    guests: AbstractSet[str]
    """Who may meet names, though not what happens: runners, the invited."""

    def settle(self) -> Tenant:
        """Make everything as a user and a runner do."""
        name = self._audited("runner", self.members | self.guests)
        host, label = (self.canaries.make(what, self.alone) for what in ("host", "label"))
        runner = make_runner(self.api, name, hostname=host, labels=[LABEL, label])
        busy = self._project("busy", runs_on=LABEL)
        idle = self._project("idle", runner_id=runner.id)
        return Tenant(
            runner=runner,
            busy=busy,
            idle=idle,
            queued=make_job(self.api, busy),
            done=self._deploy(runner, idle),
            runner_name=name,
        )

    def _audited(self, what: str, seen_by: AbstractSet[str]) -> str:
        return self.canaries.make(what, seen_by, audited=True)

    def _project(self, kind: str, **fields: object) -> dict[str, Any]:
        known = self.members | self.guests
        name, repo, branch = (self._audited(f"{kind}-{of}", known) for of in ("", "repo", "branch"))
        body = {"name": name, "repo_url": f"https://git.example/{repo}.git", "branch": branch}
        made: dict[str, Any] = self.api.write("/api/projects", body | fields)
        return made

    def _deploy(self, runner: Api, project: dict[str, Any]) -> dict[str, Any]:
        seen = self.members
        environment = self._audited("env", seen | self.guests)
        words = ("release", "detail", "url", "path", "step", "log")
        release, detail, url, path, step, log = (
            self.canaries.make(word, seen | self.guests if word == "detail" else seen)
            for word in words
        )
        job = make_job(self.api, project, environment=environment)
        claim(runner, job)
        told = report(
            detail=detail,
            url=f"https://{url}.example/",
            path=f"/srv/{path}",
            release={"name": release, "commit": COMMIT, "state": "live"},
            steps=[{"name": step, "seconds": 1, "ok": True}],
        )
        text = f"{log}\n".encode()
        finish(runner, job, data=told, log=chunk(0, text), log_final_bytes=len(text))
        return job
