"""What the two hot paths cost beside a twin in Flask and raw PyMySQL, and beside an empty view.

`python -m bench.twin`: a runner that polls and finds nothing, and one that sends a piece of log.
The twin is written by hand for these two requests: it finds out who asks, runs the very statements
that the backend runs (recorded from it), checks the piece of log and answers with the same keys.
It validates nothing else, logs nothing, tends nothing. All three are called in turn in one process
as WSGI calls them, on a MariaDB that flushes each commit; the twin keeps one connection.
"""

import json
import random
import statistics
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from app import create_app
from app.extensions import db
from bench.databases import durable_mariadb
from bench.figures import ROUNDS, seconds_of, tell_at_least
from bench.redact import npm_line
from bench.twin_app import Recording, twin
from deployr.logchunk import LogChunk
from deployr.wire import PROTOCOL
from tests.factories import claim, make_job, make_project, make_runner, make_user
from tests.support.backend import Api
from tests.support.databases import at

CALLS = 20
TURNS = 20
"""Short turns: what the machine does besides falls on all three alike."""
POLL = f"/api/runner/jobs?slots=1&protocol={PROTOCOL}"
TARGET = 0.6
PIECE_BYTES = 4096
"""As a build that talks much makes in a second."""

Environ = dict[str, Any]


def main() -> None:
    """Measure both requests."""
    with durable_mariadb() as url:
        app = create_app(at(url) | {"DEPLOYR_STAMP_SECONDS": 3600, "DEPLOYR_LOG_CAP_BYTES": 10**9})
        app.logger.disabled = True
        user = make_user(app)
        runner = make_runner(user)
        job = make_job(user, make_project(user, runner_id=runner.id))
        claim(runner, job)
        measure_polls(app, runner)
        measure_logs(app, runner, f"/api/runner/jobs/{job['id']}/status")


def measure_polls(app: Flask, runner: Api) -> None:
    """Compare polls that find nothing."""
    environ = partial(build, runner, POLL)
    call(app, environ())
    with app.app_context(), Recording(db.engine) as recording:
        answer = call(app, environ())
    peer = twin(str(app.config["SQLALCHEMY_DATABASE_URI"]), recording, answer)
    assert call(peer, environ()).keys() == call(app, environ()).keys()
    compare("poll", (app, peer), lambda: [environ() for _ in range(CALLS)])


def measure_logs(app: Flask, runner: Api, path: str) -> None:
    """Compare pieces of log: ours and the twin's go to the same job, one after the other."""
    random_ = random.Random(5)  # the same log in every run
    raw = "".join(npm_line(random_) for _ in range(PIECE_BYTES)).encode()[:PIECE_BYTES]
    place = iter(range(0, 10**9, PIECE_BYTES))

    def environ() -> Environ:
        chunk = LogChunk.pack(next(place), raw).model_dump()
        body = {"status": "running", "claim_id": "claim-1", "log": chunk}
        return build(runner, path, body)

    for _ in range(7):  # so that the place is a number like no other in the statements
        call(app, environ())
    with app.app_context(), Recording(db.engine) as recording:
        answer = call(app, environ())
    recording.piece = (answer["ack"] - PIECE_BYTES, PIECE_BYTES)
    peer = twin(str(app.config["SQLALCHEMY_DATABASE_URI"]), recording, answer)
    for number, each in enumerate((peer, app), 1):
        assert call(each, environ())["ack"] == answer["ack"] + number * PIECE_BYTES
    compare("log-append", (app, peer), lambda: [environ() for _ in range(CALLS)])


def compare(name: str, apps: tuple[Flask, Flask], make: Callable[[], list[Environ]]) -> None:
    """Run interleaved rounds of ours, the twin and an empty view, and print the figures."""
    empty = Flask("empty")
    empty.add_url_rule("/", view_func=dict)
    nothing = EnvironBuilder("/").get_environ()
    rounds = []
    for _ in range(ROUNDS * TURNS + TURNS):
        ours, peers = (seconds_of(partial(call_all, each, make())) for each in apps)
        views = seconds_of(partial(call_all, empty, [dict(nothing) for _ in range(CALLS)]))
        rounds.append((ours, peers, views))
    del rounds[:TURNS]  # they warm up
    ours, peers, views = (
        1000 * statistics.median(column) / CALLS for column in zip(*rounds, strict=True)
    )
    print(f"{name}, median of {len(rounds)}: {ours:.2f} ms, twin {peers:.2f} ms;")
    print(f"  an empty view takes {views:.3f} ms, which is {ours / views:.0f} times less")
    ratio = statistics.median(peers / ours for ours, peers, _ in rounds)
    tell_at_least(f"{name}-twin", ratio, TARGET)


def build(runner: Api, path: str, body: Environ | None = None) -> Environ:
    """Return a request of the runner's as a WSGI server hands it over."""
    headers = {"Authorization": f"Bearer {runner.token}", "Accept": "application/json"}
    method = "GET" if body is None else "POST"
    builder = EnvironBuilder(path, method=method, headers=Headers(headers), json=body)
    return builder.get_environ()


def call(app: Flask, environ: Environ) -> dict[str, Any]:
    """Return the answer to a request, which must be 200."""
    states: list[str] = []
    parts = app.wsgi_app(environ, lambda status, _headers, _info=None: states.append(status))  # type: ignore[arg-type]
    answer: dict[str, Any] = json.loads(b"".join(parts))
    assert states[0].startswith("200"), answer
    return answer


def call_all(app: Flask, environs: Iterable[Environ]) -> None:
    """Make all requests, one after the other."""
    for environ in environs:
        call(app, environ)


if __name__ == "__main__":
    main()
