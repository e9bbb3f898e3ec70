"""A simulated runner: it speaks the protocol as a real one does and builds nothing."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from tests.factories import chunk
from tests.support.backend import Api
from tests.support.ledger import Ledger
from tests.support.simnet import Fate, Letter, Network

CAPACITY = 2
CRASHED = ("failed", "runner_crashed")
CANCELLED = ("failed", "cancelled")
REFUSALS = {"not_claimable", "job_finished", "claim_lost", "not_found"}


@dataclass(eq=False, kw_only=True)
class Task:
    """A job in a runner's hands, from the moment it wants to claim it."""

    job_id: int
    claim_id: str
    log: bytearray
    acked: int = 0
    granted: bool = False
    cancel: bool = False
    end: tuple[str, str | None] | None = None
    """Status and reason, once decided; no log comes after that."""
    ended: bool = False
    """The backend knows the end, or does not want to know it."""
    full: bool = False
    waits_for: Letter | None = field(default=None)

    @property
    def is_done(self) -> bool:
        """Tell whether the backend has all that there is to say."""
        return self.ended and (self.full or self.acked >= len(self.log))


class SimRunner:
    """Works on at most CAPACITY jobs; each of its requests meets the fate that the test gives."""

    def __init__(self, api: Api, network: Network, ledger: Ledger) -> None:
        self.api = api
        self.tasks: dict[int, Task] = {}
        self.revoked = False
        self._network = network
        self._ledger = ledger
        self._poll: Letter | None = None

    @property
    def unclaimed(self) -> list[Task]:
        """Tasks that are still to be claimed."""
        tasks = self.tasks.values()
        return [task for task in tasks if not task.granted and task.end is None]

    def poll(self, fate: Fate = Fate.SERVED) -> None:
        """Ask for work and note down what may be claimed."""
        slots = CAPACITY - len(self.tasks)
        path = f"/api/runner/jobs?slots={max(slots, 0)}&protocol=1"
        self._poll = Letter(sender=self.api, path=path, read=self._read_poll)
        self._network.send(self._poll, fate)

    def claim(self, task: Task, fate: Fate = Fate.SERVED) -> None:
        """Post the first `running`."""
        self._post(task, {"status": "running"}, fate)

    def beat(self, task: Task, fate: Fate = Fate.SERVED, **facts: object) -> None:
        """Post a heartbeat."""
        self._post(task, {"status": "running", **facts}, fate)

    def write(self, task: Task, size: int) -> None:
        """Let the job print something; each place of a log looks different."""
        seed = f"{task.claim_id}:{len(task.log)}".encode()
        task.log += hashlib.shake_128(seed).digest(size)

    def send_log(
        self, task: Task, size: int, fate: Fate = Fate.SERVED, *, skip: int = 0, piggyback: bool
    ) -> None:
        """Send the next piece of log, or one that begins `skip` bytes too late.

        Once the job is over it goes with the end (`piggyback`) or under `running`.
        """
        off = min(task.acked + skip, len(task.log))
        piece = chunk(off, bytes(task.log[off : off + size]))
        body = self._end_of(task) if piggyback and task.end else {"status": "running"}
        self._post(task, body | {"log": piece}, fate)

    def decide(self, task: Task, status: str, reason: str | None = None) -> None:
        """Let the job be over."""
        if task.end is None:
            task.end = (status, reason)
            self._ledger.ends.setdefault((task.job_id, task.claim_id), set()).add(task.end)

    def send_end(self, task: Task, fate: Fate = Fate.SERVED) -> None:
        """Post how the job ended."""
        self._post(task, self._end_of(task), fate)

    def work_off(self, task: Task) -> None:
        """Do all that is left of a task, on a network that works."""
        if not task.granted and task.end is None:
            self.claim(task)
        if task.job_id not in self.tasks:
            return
        self.decide(task, *(CANCELLED if task.cancel else ("completed", None)))
        if not task.ended:
            self.send_end(task)
        while task.job_id in self.tasks:
            self.send_log(task, 700, piggyback=False)

    def crash(self, *, journal: bool, amnesia: bool) -> None:
        """Die and come back, with or without what the journal had kept.

        With `amnesia` the journal does not know how the job ended.
        """
        self._poll = None
        survivors = list(self.tasks.values()) if journal else []
        self.tasks.clear()
        for old in survivors:
            task = Task(job_id=old.job_id, claim_id=old.claim_id, log=old.log, granted=True)
            self.tasks[task.job_id] = task
            if amnesia or old.end is None:
                self.write(task, 30)  # that it crashed
            self.decide(task, *(CRASHED if amnesia or old.end is None else old.end))

    def _end_of(self, task: Task) -> dict[str, Any]:
        assert task.end is not None
        status, reason = task.end
        body = {"status": status, "exit_code": int(status == "failed")}
        return body | {"reason": reason, "log_final_bytes": len(task.log)}

    def _post(self, task: Task, body: dict[str, Any], fate: Fate) -> None:
        letter = Letter(
            sender=self.api,
            path=f"/api/runner/jobs/{task.job_id}/status",
            body=body | {"claim_id": task.claim_id},
            observe=lambda answer: self._ledger.served(
                task.job_id, self.api.id, task.claim_id, answer
            ),
            read=lambda letter, answer: self._read(task, letter, answer),
        )
        task.waits_for = letter
        self._network.send(letter, fate)

    def _read_poll(self, letter: Letter, answer: TestResponse) -> None:
        if letter is not self._poll or self._is_revoked(answer):
            return
        assert answer.status_code == 200, answer.text
        found = answer.json or {}
        for job_id in found["cancel"]:
            if job_id in self.tasks:
                self.tasks[job_id].cancel = True
        for candidate in found["candidates"]:
            if len(self.tasks) < CAPACITY and candidate["job_id"] not in self.tasks:
                self._take(candidate["job_id"])

    def _take(self, job_id: int) -> None:
        claim_id = f"claim-{len(self._ledger.logs)}"
        log = self._ledger.logs.setdefault((job_id, claim_id), bytearray())
        self.tasks[job_id] = Task(job_id=job_id, claim_id=claim_id, log=log)

    def _read(self, task: Task, letter: Letter, answer: TestResponse) -> None:
        # An answer that its sender no longer waits for comes to a closed connection.
        if letter is not task.waits_for or self.tasks.get(task.job_id) is not task:
            return
        if self._is_revoked(answer):
            return
        facts = answer.json or {}
        if answer.status_code == 200:
            self._go_on(task, letter, facts)
        elif facts["code"] == "log_gap":
            task.acked = facts["ack"]
        elif facts["code"] == "claim_lost" and not task.ended:
            self._lose(task, letter)
        else:
            assert facts["code"] in REFUSALS, facts
            # The share of its project has ended, which takes away only what was never claimed.
            assert not (facts["code"] == "not_found" and task.granted)
            del self.tasks[task.job_id]
        if task.is_done:
            self.tasks.pop(task.job_id, None)

    def _go_on(self, task: Task, letter: Letter, facts: dict[str, Any]) -> None:
        body = letter.body or {}
        if not task.granted and facts["ack"] == 0:
            assert "payload" in facts
        task.granted = True
        task.cancel = facts["cancel"]
        task.acked = facts["ack"]
        task.full = facts.get("log_full", False)
        if body["status"] != "running":
            assert body["status"] == facts["status"]
            task.ended = True

    def _lose(self, task: Task, letter: Letter) -> None:
        """Stop; the late result and log are still told."""
        said_end = (letter.body or {})["status"] != "running"
        self.decide(task, *CRASHED)
        task.ended = said_end

    def _is_revoked(self, answer: TestResponse) -> bool:
        if answer.status_code == 401:
            self.revoked = True
            self.tasks.clear()
        return self.revoked
