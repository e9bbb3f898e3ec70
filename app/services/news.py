"""A runner's post about a job, unpacked."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam

from app.errors import Invalid
from app.models import DeploymentJob
from app.schemas.status import StatusPost
from app.services.identity import RunnerActor
from deployr.wire import Report, WireError

CLAIMED = and_(
    DeploymentJob.id == bindparam("job"),
    DeploymentJob.runner_id == bindparam("by_runner", type_=BigInteger),
    DeploymentJob.claim_id == bindparam("claim"),
)
"""The condition that a job is still the claim's of `News.mine`; for statements built once."""


@dataclass(frozen=True, kw_only=True)
class News:
    """Who says what about which job, under which claim."""

    runner: RunnerActor
    job_id: int
    claim_id: str
    post: StatusPost
    chunk: bytes
    report: Report

    @classmethod
    def unpack(cls, runner: RunnerActor, job_id: int, post: StatusPost) -> Self:
        """Return the checked post. Raises Invalid."""
        try:
            chunk = post.log.unpack() if post.log else b""
        except WireError as error:
            raise Invalid.field("log", str(error)) from None
        try:
            report = Report.from_data(post.data) if post.data else Report()
        except WireError as error:
            raise Invalid.field("data", str(error)) from None
        # A client that sends no claim_id has one claim a job, bound to the runner.
        claim_id = post.claim_id or f"runner:{runner.id}"
        return cls(
            runner=runner, job_id=job_id, claim_id=claim_id, post=post, chunk=chunk, report=report
        )

    @property
    def is_bare(self) -> bool:
        """Whether the post says no more than that its runner is at work, as the first one does."""
        post = self.post
        return not (post.log or post.logs or post.timeout or post.activated)

    @property
    def mine(self) -> dict[str, Any]:
        """The parameters of CLAIMED."""
        return {"job": self.job_id, "by_runner": self.runner.id, "claim": self.claim_id}

    @property
    def claimed(self) -> ColumnElement[bool]:
        """The condition that the job is this claim's."""
        job = DeploymentJob
        return and_(job.runner_id == self.runner.id, job.claim_id == self.claim_id)

    def is_mine(self, row: Row[Any]) -> bool:
        """Tell whether the job is this claim's."""
        return bool(row.runner_id == self.runner.id and row.claim_id == self.claim_id)
