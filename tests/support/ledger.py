"""What really happened to each job, and whether the database tells exactly that.

The ledger stands beside the network: it sees each answer that the server makes, also those that
never arrive, and each log and end that a simulated runner makes, also those that are never sent.
"""

import gzip
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from flask import Flask
from sqlalchemy import Row, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models import DeploymentJob, JobLog
from app.services import archive
from deployr.states import JobStatus, Reason
from tests.support.backend import Clock

LEASE = timedelta(seconds=300)
OUTAGE = timedelta(seconds=200)
PATIENCE = timedelta(days=1)
LOG_CAP = 2048
LIMITS = {
    "DEPLOYR_LEASE_SECONDS": LEASE.seconds,
    "DEPLOYR_OUTAGE_SECONDS": OUTAGE.seconds,
    "DEPLOYR_LOG_CAP_BYTES": LOG_CAP,
}
FINAL = {JobStatus.COMPLETED, JobStatus.FAILED}
HELD = {JobStatus.QUEUED, JobStatus.RUNNING}
UNCLAIMED_REASONS = {Reason.CANCELLED, Reason.EXPIRED_IN_QUEUE}

Claim = tuple[int, str]
"""A job's id and a claim id."""


class Ledger:
    """Records while the test acts; `check` compares, `check_over` when all should be over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.logs: dict[Claim, bytearray] = {}
        """All that the claim's runner has printed."""
        self.ends: dict[Claim, set[tuple[str, str | None]]] = {}
        """What the claim's runner may have said of the end."""
        self._owners: dict[int, tuple[int, str]] = {}
        self._heard: dict[int, datetime] = {}
        self._finals: dict[int, tuple[Any, ...]] = {}
        self._ended: list[int] = []
        self._last_contact = self._back = clock()
        self.seen: set[str] = set()
        """Refusals and ends that came about, to tell whether a test gets anywhere."""

    def contact(self) -> None:
        """Note that a request reaches the backend."""
        now = self._clock()
        if now - self._last_contact > OUTAGE:
            self._back = now
        self._last_contact = now

    def served(self, job_id: int, runner_id: int, claim_id: str, answer: TestResponse) -> None:
        """Note how the server answered a post about a job."""
        if answer.status_code != 200:
            self.seen.add((answer.json or {})["code"])
            return
        owner = (runner_id, claim_id)
        assert owner == self._owners.setdefault(job_id, owner)
        if answer.json and answer.json["status"] == JobStatus.RUNNING:
            self._heard[job_id] = self._clock()

    def check(self, app: Flask) -> None:
        """Assert what must hold at any moment."""
        jobs, logs = _read(app)
        _check_slots(jobs)
        for job in jobs:
            self._check_owner(job)
            self._check_log(job, logs[job.id])
            if job.status in FINAL:
                self._check_final(job)
        self._check_order(jobs)

    def check_over(self, app: Flask) -> None:
        """Assert that nothing is left to do."""
        self.check(app)
        jobs, _ = _read(app)
        assert [] == [job.id for job in jobs if job.status not in FINAL]
        assert [] == [job.id for job in jobs if job.slot_key or job.lease_until]

    def check_whole(self, app: Flask, claims: Sequence[Claim]) -> None:
        """Assert that the backend has the whole logs of these claims."""
        jobs, _ = _read(app)
        whole = {(job.id, job.claim_id): job.log_bytes for job in jobs if job.logs_complete}
        lengths = {claim: min(len(self.logs[claim]), LOG_CAP) for claim in claims}
        assert lengths == {claim: whole.get(claim) for claim in claims}

    def _check_owner(self, job: Row[Any]) -> None:
        claimed = None if job.claim_id is None else (job.runner_id, job.claim_id)
        assert self._owners.get(job.id) == claimed
        assert (job.status in {JobStatus.PENDING, JobStatus.QUEUED}) <= (claimed is None)

    def _check_log(self, job: Row[Any], raw: bytes) -> None:
        """It is how the runner's own log begins, and all of it when it calls itself complete."""
        truth = bytes(self.logs.get((job.id, job.claim_id), b""))
        assert truth[: len(raw)] == raw
        assert len(raw) == job.log_bytes
        if job.logs_complete:
            assert min(job.log_final_bytes or 0, LOG_CAP) <= job.log_bytes

    def _check_final(self, job: Row[Any]) -> None:
        final = (job.status, job.reason, job.completed_at, job.runner_id, job.claim_id)
        if job.id not in self._finals:
            self._ended.append(job.id)
            self.seen.add(f"{job.status}, {job.reason}")
            self._check_verdict(job)
        assert final == self._finals.setdefault(job.id, final)
        assert job.slot_key is None

    def _check_verdict(self, job: Row[Any]) -> None:
        """The end is the one that the runner told, or there is proof that it was silent."""
        if job.claim_id is None:
            assert job.reason in UNCLAIMED_REASONS
        elif job.reaped_at is None:
            assert (job.status, job.reason) in self.ends[job.id, job.claim_id]
        elif job.reason == Reason.TIMEOUT:
            assert job.hard_stop_at <= job.completed_at
        else:
            assert job.reason == Reason.RUNNER_LOST
            heard = self._heard[job.id]
            limit = min(max(heard, self._back) + LEASE, heard + PATIENCE)
            assert limit <= job.completed_at
        if job.cancel_requested_at and job.activated_at:
            assert job.cancel_requested_at <= job.activated_at

    def _check_order(self, jobs: Sequence[Row[Any]]) -> None:
        """Of each slot the jobs that ran have begun and ended in the order of their ids."""
        for slot in _slots(jobs):
            ran = [job for job in slot if job.started_at]
            begun = [job.started_at for job in ran]
            assert sorted(begun) == begun
            ids = [job.id for job in ran]
            ended = [job_id for job_id in self._ended if job_id in ids]
            assert sorted(ended) == ended


def _check_slots(jobs: Sequence[Row[Any]]) -> None:
    """At most one job of a slot is queued or running, and it is the oldest unfinished one."""
    for slot in _slots(jobs):
        unfinished = [job for job in slot if job.status not in FINAL]
        held = [job for job in unfinished if job.status in HELD]
        assert len(held) <= 1
        assert held == unfinished[: len(held)]
        assert [job.id for job in held] == [job.id for job in slot if job.slot_key]
    keys = Counter(job.slot_key for job in jobs if job.slot_key)
    assert set(keys.values()) <= {1}


def _slots(jobs: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    """Return the jobs of each project and environment, oldest first; plans take no slot."""
    taking = [job for job in jobs if job.action != "plan"]

    def place(job: Row[Any]) -> tuple[int, str]:
        return job.project_id, job.environment

    return [list(group) for _, group in groupby(sorted(taking, key=place), place)]


def _read(app: Flask) -> tuple[Sequence[Row[Any]], dict[int, bytes]]:
    """Return all jobs and their logs."""
    job = DeploymentJob
    columns = [column for column in job.__table__.c if column.name not in {"payload", "signature"}]
    with app.app_context():
        jobs = db.session.execute(select(*columns).order_by(job.id)).all()
        logs = {row.id: _read_log(row) for row in jobs}
    return jobs, logs


def _read_log(job: Row[Any]) -> bytes:
    log = JobLog
    pieces = db.session.execute(
        select(log.off, log.len, log.data).where(log.job_id == job.id).order_by(log.off)
    ).all()
    starts = [sum(piece.len for piece in pieces[:nth]) for nth in range(len(pieces))]
    assert starts == [piece.off for piece in pieces]
    if job.logs_path is None:
        return b"".join(gzip.decompress(piece.data) for piece in pieces)
    assert not pieces
    return archive.read(job.id, job.logs_path, 0, job.log_bytes)
