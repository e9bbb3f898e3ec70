"""How many jobs a second runners claim, beside SELECT ... FOR UPDATE SKIP LOCKED.

`python -m bench.claims`: one queued job in each of JOBS projects, all for one label, and 1, 8 and
32 claimers: processes, each with its own runner and pooled connection, as workers of a web server
are. A claim is a poll and a post, as a runner makes them, through the service layer on a MariaDB
that flushes each commit. The peer is the same service with its query replaced: it gets no
candidates, locks the oldest job that nobody else has locked and writes the same columns. After
each round the database must name exactly the claims that were confirmed, each job's once.
"""

import multiprocessing as mp
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from multiprocessing.connection import Connection

from flask import Flask
from sqlalchemy import delete, insert, select

from app import create_app
from app.extensions import db
from app.models import DeploymentJob, Project
from bench.claimers import METHODS, Haul, work
from bench.databases import durable_mariadb
from bench.figures import ROUNDS, tell_at_least
from deployr.states import Action, JobStatus, Target
from tests.factories import COMMIT, REPO, make_runner, make_user
from tests.support.databases import at

JOBS = 2000
RACES = ("service", "skip_locked", "skip_locked", "service") * 3
"""One round: what the machine does besides must not fall on one of them."""
TARGETS = {1: 0.9, 8: 0.9, 32: 1.0}
LABEL = "pool"


def main() -> None:
    """Measure each number of claimers."""
    with durable_mariadb() as url:
        app = create_app(at(url) | {"DEPLOYR_ONLINE_SECONDS": 3600})
        user = make_user(app)
        make_projects(app, user.id)
        tokens = [make_runner(user, labels=[LABEL]).token or "" for _ in range(max(TARGETS))]
        for number, target in TARGETS.items():
            measure([app], tokens[:number], f"claims-{number}", target)


def measure(apps: Sequence[Flask], tokens: list[str], name: str, target: float) -> None:
    """Run the rounds of as many claimers as there are tokens and print their figures.

    The claimers share the `apps`, which have one database, evenly.
    """
    for app in apps:
        with app.app_context():
            db.engine.dispose()  # a fork must not share its connections
    team = Team(apps, tokens)
    rounds = list(interleaved(apps[0], team))
    team.stop()
    ours, peers = ([each[name] for each in rounds] for name in ("service", "skip_locked"))
    speeds = [statistics.median(each.speed for each in column) for column in (ours, peers)]
    misses = [sum(each.missed for each in all_) / claims_of(all_) for all_ in (ours, peers)]
    number = len(tokens)
    print(f"{number} claimers, median of {ROUNDS}: {speeds[0]:.0f} claims/s,")
    print(f"  SKIP LOCKED {speeds[1]:.0f}; {misses[0]:.2f} and {misses[1]:.2f} misses a claim,")
    print(f"  0 double claims of {claims_of(ours + peers)}")
    ratio = statistics.median(
        mine.speed / peer.speed for mine, peer in zip(ours, peers, strict=True)
    )
    tell_at_least(name, ratio, target)


def interleaved(app: Flask, team: "Team") -> Iterator[dict[str, "Score"]]:
    """Yield the rounds, each with a new queue; the first one warms up."""
    for number in range(ROUNDS + 1):
        queue_jobs(app)
        scores = {name: Score() for name in METHODS}
        confirmed: list[tuple[int, str]] = []
        for name in RACES:
            hauls = team.race(name)
            scores[name].add(hauls)
            confirmed += [claim for haul in hauls for claim in haul.claimed.items()]
        check(app, confirmed)
        if number:
            yield scores


@dataclass(kw_only=True)
class Score:
    """What all claimers got by one method in one round."""

    claims: int = 0
    missed: int = 0
    seconds: float = 0

    @property
    def speed(self) -> float:
        """Claims a second."""
        return self.claims / self.seconds

    def add(self, hauls: list[Haul]) -> None:
        """Count one race."""
        self.claims += sum(len(haul.claimed) for haul in hauls)
        self.missed += sum(haul.missed for haul in hauls)
        self.seconds += max(haul.end for haul in hauls) - min(haul.start for haul in hauls)


def claims_of(scores: list[Score]) -> int:
    """Return how many claims there were in all."""
    return sum(each.claims for each in scores)


class Team:
    """Claimers that start together, as often as they are told to."""

    def __init__(self, apps: Sequence[Flask], tokens: list[str]) -> None:
        fork = mp.get_context("fork")
        gate = fork.Barrier(len(tokens))
        self._pipes: list[Connection] = []
        self._members = []
        for app, token in zip(cycle(apps), tokens, strict=False):
            mine, theirs = fork.Pipe()
            member = fork.Process(target=work, args=(app, token, theirs, gate), daemon=True)
            member.start()
            self._pipes.append(mine)
            self._members.append(member)

    def race(self, name: str) -> list[Haul]:
        """Let all claim by this method for a while."""
        for pipe in self._pipes:
            pipe.send(name)
        return [pipe.recv() for pipe in self._pipes]

    def stop(self) -> None:
        """End the claimers."""
        for pipe, member in zip(self._pipes, self._members, strict=True):
            pipe.send(None)
            member.join()


def make_projects(app: Flask, user_id: int) -> None:
    """Create JOBS projects of the user's whose jobs go to any runner with the label."""
    now = datetime.now(UTC)
    rows = [
        {
            "id": number,
            "user_id": user_id,
            "name": f"project-{number}",
            "repo_url": REPO,
            "target": Target.VPS,
            "branch": "main",
            "runs_on": LABEL,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(1, JOBS + 1)
    ]
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Project), rows)


def queue_jobs(app: Flask) -> None:
    """Replace all jobs by one queued job in each project."""
    now = datetime.now(UTC)
    rows = [
        {
            "project_id": number,
            "environment": "production",
            "action": Action.DEPLOY,
            "status": JobStatus.QUEUED,
            "branch": "main",
            "commit_hash": COMMIT,
            "triggered_by": "Ada",
            "payload": b"x" * 500,
            "nonce": f"nonce-{number}",
            "runs_on": LABEL,
            "slot_key": f"{number}:production",
            "expires_at": now + timedelta(hours=1),
            "created_at": now + timedelta(milliseconds=number),
            "updated_at": now,
        }
        for number in range(1, JOBS + 1)
    ]
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(delete(DeploymentJob))
            connection.execute(insert(DeploymentJob), rows)
        db.engine.dispose()


def check(app: Flask, confirmed: list[tuple[int, str]]) -> None:
    """Fail unless the database names exactly the claims that were confirmed, each job's once."""
    job = DeploymentJob
    with app.app_context():
        running = select(job.id, job.claim_id).where(job.status == JobStatus.RUNNING)
        stored = [(row.id, row.claim_id) for row in db.session.execute(running)]
    assert sorted(confirmed) == sorted(stored), "a job was claimed twice"


if __name__ == "__main__":
    main()
