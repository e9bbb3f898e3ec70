"""A backend, its users, two simulated runners, the network between them and the ledger beside it."""

import atexit
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from app.services.tick import tick
from tests.factories import make_member, make_project, make_runner, make_user
from tests.support.backend import Api, Clock, refusal
from tests.support.databases import at, empty_database
from tests.support.ledger import FINAL, LIMITS, OUTAGE, Ledger
from tests.support.simnet import Fate, Letter, Network
from tests.support.simrunner import SimRunner, Task

QUEUE_TTL = 1500
HARD_STOP = 1800 + 300
"""Seconds after which a job ends whatever its runner says, unless it told another time limit."""
_STRIDE = OUTAGE.seconds - 10
"""Seconds between two looks: less than what counts as an outage of the backend."""
_RARELY = 7200
_KEYS_LIVE = timedelta(days=1)


class World:
    """A user with three projects: two for both runners, one with a home.

    The second runner is the onlooker's and shared with those two.
    """

    def __init__(self, kind: str) -> None:
        empty_database(kind)
        self.app = _app(kind)
        self.clock = self.app.config["CLOCK"] = Clock()
        self.ledger = Ledger(self.clock)
        self.network = Network(self.ledger.contact)
        self.user, self.onlooker = make_user(self.app), make_user(self.app, "Bob")
        apis = [make_runner(owner, labels=["pool"]) for owner in (self.user, self.onlooker)]
        self.runners = [SimRunner(api, self.network, self.ledger) for api in apis]
        homes: list[dict[str, object]] = [
            {"runs_on": "pool"},
            {"runs_on": "pool"},
            {"runner_id": apis[0].id},
        ]
        made = [make_project(self.user, **home) for home in homes]
        projects = [project["id"] for project in made]
        self.lent = projects[:2]
        for project in made[:2]:
            make_member(project, self.onlooker)
            self._ask_onlooker("share", project["id"])
        self.places = [(projects[0], "staging"), *[(each, "production") for each in projects]]
        self.jobs: list[int] = []
        self.requests: list[dict[str, Any]] = []
        self._made: dict[int, tuple[int, datetime]] = {}

    def create(self, body: dict[str, Any], fate: Fate) -> None:
        """Ask for a job under a new key."""
        self.requests.append(body)
        self.create_again(len(self.requests) - 1, fate)

    def create_again(self, nth: int, fate: Fate = Fate.SERVED) -> None:
        """Ask for a job under the key of an earlier request, as a client without an answer does."""
        nth %= len(self.requests)
        letter = Letter(
            sender=self.user,
            path="/api/jobs",
            body=self.requests[nth],
            headers={"Idempotency-Key": f"key-{nth}"},
            observe=lambda answer: self._note_job(nth, answer),
        )
        self.network.send(letter, fate)

    def cancel(self, job_id: int) -> None:
        """Ask to cancel a job."""
        answer = self._ask(self.user, f"/api/jobs/{job_id}/cancel", {})
        if answer.status_code != 200:
            assert refusal(answer) in {(409, "job_finished"), (409, "already_live")}

    def look(self, job_id: int, query: str = "") -> Any:
        """Return a job."""
        answer = self._ask(self.user, f"/api/jobs/{job_id}{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def revoke(self) -> None:
        """Make the token of the shared runner stop working."""
        self._ask_onlooker("revoke")
        self.lent.clear()

    def unshare(self) -> None:
        """End a share."""
        self._ask_onlooker("unshare", self.lent.pop())

    def pass_time(self, seconds: int) -> None:
        """Let time pass while the backend is up: somebody else talks to it now and then."""
        for start in range(0, seconds, _STRIDE):
            self.clock.move(seconds=min(_STRIDE, seconds - start))
            self._ask(self.onlooker, "/api/user")

    def tick(self) -> None:
        """Let cron do its work. It talks to the database, not to the web server."""
        with self.app.app_context():
            done = tick(seconds=60)
        assert done.failed == 0

    def settle(self, *, runners_come_back: bool, rare_looks: bool) -> None:
        """Let the network heal and time pass until all is over. Users look at their jobs.

        Either the runners work off what they have, or they are dead for good. Rare looks are
        such that each seems to come after an outage of the backend.
        """
        self.network.calm_down()
        stride, longest = (_RARELY, 24 * 3600) if rare_looks else (_STRIDE, HARD_STOP)
        for _ in range((longest + QUEUE_TTL) // stride + 1):
            if runners_come_back:
                self._work_off()
            if all(self.look(job_id)["status"] in FINAL for job_id in self.jobs):
                break
            self.ledger.check(self.app)
            self.clock.move(seconds=stride)
        self.ledger.check_over(self.app)

    def _work_off(self) -> None:
        done: list[Task] = []
        for runner in self.runners:
            runner.poll()
            for task in list(runner.tasks.values()):
                runner.work_off(task)
                done += [task] if task.is_done else []
        self.ledger.check_whole(self.app, [(task.job_id, task.claim_id) for task in done])

    def _ask_onlooker(self, deed: str, project_id: int | None = None) -> None:
        path = f"/api/runners/{self.runners[1].api.id}/{deed}"
        body = {} if project_id is None else {"project_id": project_id}
        answer = self._ask(self.onlooker, path, body)
        assert answer.status_code == 200, answer.text

    def _ask(self, api: Api, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        answers: list[TestResponse] = []
        self.network.send(Letter(sender=api, path=path, body=body, observe=answers.append))
        return answers[0]

    def _note_job(self, nth: int, answer: TestResponse) -> None:
        """Within a day only one job is made under one key."""
        job_id = (answer.json or {})["id"]
        made, since = self._made.get(nth, (0, self.clock.now))
        if answer.status_code == 201:
            assert not made or self.clock.now - since > _KEYS_LIVE
            self.jobs.append(job_id)
            self._made[nth] = job_id, self.clock.now
        else:
            assert (200, made) == (answer.status_code, job_id), answer.text


@cache
def _app(kind: str) -> Flask:
    url = empty_database(kind)
    folder = tempfile.mkdtemp(prefix="deployr-logs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    limits = {**LIMITS, "DEPLOYR_QUEUE_TTL_SECONDS": QUEUE_TTL}
    logs = {"DEPLOYR_LOG_STORE": "file", "DEPLOYR_LOG_DIR": folder}
    return create_app({"TESTING": True, **at(url), **limits, **logs})
