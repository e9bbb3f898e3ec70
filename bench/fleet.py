"""What the polling of ten thousand runners costs, and how many runners a core serves.

`python -m bench.fleet`: 10,000 runners of 1,000 users in a MariaDB that flushes each commit, before
it gunicorn. Runners at the longest pause (30 s) poll in turn, so that each poll is the first one of
its runner for a while: it is stamped, and the chores that are due are done. A few connections make
as many polls as the backend answers; what counts is the CPU time of gunicorn's and the database's
processes per poll. At a pause of 30 s 10,000 runners make 333 polls a second.
"""

import http.client
import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from sqlalchemy import insert

from app import create_app
from app.config import Settings
from app.extensions import db
from app.models import Runner, User
from bench.databases import durable_mariadb
from bench.figures import tell_at_most
from deployr.tokens import TokenKind, digest, make_token
from deployr.wire import PROTOCOL
from tests.support.databases import at
from tests.support.gunicorn import gunicorn

RUNNERS = 10_000
USERS = 1000
CONNECTIONS = 8
SECONDS = 20.0
POLL = f"/api/runner/jobs?slots=1&protocol={PROTOCOL}"
TICKS = os.sysconf("SC_CLK_TCK")
TARGET = 2.0
"""Cores for ten thousand runners."""


class Cost(NamedTuple):
    """Seconds of CPU."""

    backend: float
    database: float


def main() -> None:
    """Measure and print."""
    with durable_mariadb() as url:
        tokens = make_fleet(create_app(at(url)))
        with gunicorn(url) as address:
            ask(address, tokens[:100])  # warms up
            before, start = spent(), time.monotonic()
            polls = sum(served(address, tokens[100:]))
            seconds, after = time.monotonic() - start, spent()
    tell(polls, seconds, Cost(*(b - a for a, b in zip(before, after, strict=True))))


def make_fleet(app: Flask) -> list[str]:
    """Create users and runners that were last seen half a minute ago; return their tokens."""
    now = datetime.now(UTC)
    stamps = {"created_at": now, "updated_at": now}
    people = [
        {"id": n, "name": f"User {n}", "email": f"{n}@example.com", **stamps}
        for n in range(1, USERS + 1)
    ]
    tokens = [make_token(TokenKind.RUNNER) for _ in range(RUNNERS)]
    runners = [
        {
            "user_id": 1 + number % USERS,
            "name": f"runner-{number}",
            "token": digest(token),
            "labels": "",
            "capacity": 1,
            "last_seen_at": now - timedelta(seconds=30),
            **stamps,
        }
        for number, token in enumerate(tokens)
    ]
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(insert(User), people)
            connection.execute(insert(Runner), runners)
        db.engine.dispose()
    return random.sample(tokens, len(tokens))


def served(address: str, tokens: list[str]) -> list[int]:
    """Poll by several connections for a while; return how often each was answered."""
    counts: list[int] = []
    until = time.monotonic() + SECONDS
    threads = [
        threading.Thread(
            target=lambda part: counts.append(ask(address, part, until)),
            args=(tokens[number::CONNECTIONS],),
        )
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def ask(address: str, tokens: list[str], until: float = float("inf")) -> int:
    """Poll with each token, one after the other, until it is time; return how many polls."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    polls = 0
    for token in tokens:
        connection.request("GET", POLL, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        polls += 1
        if time.monotonic() > until:
            break
    connection.close()
    return polls


def spent() -> Cost:
    """Return what all processes below this one have spent."""
    costs = {"backend": 0.0, "database": 0.0}
    for pid in below(os.getpid()):
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition(" (")[2].rpartition(") ")
        fields = rest.split()
        kind = "database" if name.startswith("mariadbd") else "backend"
        costs[kind] += (int(fields[11]) + int(fields[12])) / TICKS
    return Cost(**costs)


def below(pid: int) -> list[int]:
    """Return all descendants of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *below(child)]
    return found


def tell(polls: int, seconds: float, cost: Cost) -> None:
    """Print the figures."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    longest, budget = defaults["poll_max_seconds"], defaults["poll_budget"]
    each = sum(cost) / polls
    rate = RUNNERS / longest
    print(f"{polls} polls in {seconds:.0f} s; a poll takes {1000 * each:.2f} ms of CPU:")
    print(
        f"  backend {1000 * cost.backend / polls:.2f}, database {1000 * cost.database / polls:.2f}"
    )
    print(f"  a core serves {longest / each:.0f} runners that poll every {longest:g} s")
    print(f"  default budget: {budget:g} polls/s, {budget * longest:.0f} runners,")
    print(f"  {100 * budget * each:.0f} % of a core; {RUNNERS} runners: {rate:.0f} polls/s")
    tell_at_most(f"cores-for-{RUNNERS}-runners", rate * each, TARGET)


if __name__ == "__main__":
    main()
