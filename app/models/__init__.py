"""All models, imported here so that the metadata is whole."""

from app.models.alive import BackendAlive
from app.models.audit import AuditEvent, AuditHead
from app.models.idempotency import IdempotencyKey
from app.models.job import DeploymentJob, JobLog, JobStep
from app.models.limits import RateLimit
from app.models.outbox import OutboxJob
from app.models.project import Project
from app.models.release import Release
from app.models.runner import RegistrationCode, Runner
from app.models.team import Invitation, ProjectMember, RunnerShare
from app.models.user import ApiToken, BrowserSession, User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "BackendAlive",
    "BrowserSession",
    "DeploymentJob",
    "IdempotencyKey",
    "Invitation",
    "JobLog",
    "JobStep",
    "OutboxJob",
    "Project",
    "ProjectMember",
    "RateLimit",
    "RegistrationCode",
    "Release",
    "Runner",
    "RunnerShare",
    "User",
]
