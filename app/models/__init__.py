"""All models, imported here so that the metadata is whole."""

from app.models.alive import BackendAlive
from app.models.idempotency import IdempotencyKey
from app.models.job import DeploymentJob, JobLog, JobStep
from app.models.outbox import OutboxJob
from app.models.project import Project
from app.models.release import Release
from app.models.runner import RegistrationCode, Runner
from app.models.user import ApiToken, User

__all__ = [
    "ApiToken",
    "BackendAlive",
    "DeploymentJob",
    "IdempotencyKey",
    "JobLog",
    "JobStep",
    "OutboxJob",
    "Project",
    "RegistrationCode",
    "Release",
    "Runner",
    "User",
]
