"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
MEDIUM_BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
OPTIONS = {
    f"{engine}_{name}": value
    for engine in ("mysql", "mariadb")
    for name, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade():
    op.create_table(
        "jobs",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("available_at", MOMENT, nullable=False),
        sa.Column("reserved_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_jobs_queue_available_at"), "jobs", ["queue", "available_at"], unique=False
    )

    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("github_id", sa.String(length=64), nullable=True),
        sa.Column("github_login", sa.String(length=255), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("github_id", name=op.f("uq_users_github_id")),
        **OPTIONS,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token", name=op.f("uq_api_tokens_token")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)

    op.create_table(
        "runners",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("name_key", sa.String(length=63), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("hostname", sa.String(length=255), nullable=True),
        sa.Column("last_seen_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_runners_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runners")),
        sa.UniqueConstraint("token", name=op.f("uq_runners_token")),
        sa.UniqueConstraint("user_id", "name_key", name=op.f("uq_runners_user_id_name_key")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_runners_last_seen_at"), "runners", ["last_seen_at"], unique=False)

    op.create_table(
        "projects",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("repo_url", sa.String(length=255), nullable=False),
        sa.Column("framework", sa.String(length=16), nullable=True),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("runner_id", BIG_ID, nullable=True),
        sa.Column("runs_on", sa.String(length=63), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["runner_id"], ["runners.id"], name=op.f("fk_projects_runner_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_projects_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_projects_user_id_name")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_projects_runner_id"), "projects", ["runner_id"], unique=False)

    op.create_table(
        "registration_codes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("runner_id", BIG_ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["runner_id"], ["runners.id"], name=op.f("fk_registration_codes_runner_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_registration_codes_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_registration_codes_code")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_registration_codes_runner_id"), "registration_codes", ["runner_id"], unique=False
    )
    op.create_index(
        op.f("ix_registration_codes_user_id"), "registration_codes", ["user_id"], unique=False
    )

    op.create_table(
        "deployment_jobs",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("commit_hash", sa.String(length=64), nullable=False),
        sa.Column("triggered_by", sa.String(length=255), nullable=False),
        sa.Column("payload", MEDIUM_BLOB, nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("target_runner_id", BIG_ID, nullable=True),
        sa.Column("runs_on", sa.String(length=63), nullable=True),
        sa.Column("slot_key", sa.String(length=96), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("runner_id", BIG_ID, nullable=True),
        sa.Column("claim_id", sa.String(length=64), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cancel_requested_at", MOMENT, nullable=True),
        sa.Column("watched_until", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.Column("log_bytes", BIG_ID, nullable=False),
        sa.Column("log_final_bytes", BIG_ID, nullable=True),
        sa.Column("logs_complete", sa.Boolean(), nullable=False),
        sa.Column("logs_path", sa.String(length=255), nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_deployment_jobs_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["runner_id"], ["runners.id"], name=op.f("fk_deployment_jobs_runner_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_runner_id"], ["runners.id"], name=op.f("fk_deployment_jobs_target_runner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_jobs")),
        sa.UniqueConstraint("nonce", name=op.f("uq_deployment_jobs_nonce")),
        sa.UniqueConstraint("slot_key", name=op.f("uq_deployment_jobs_slot_key")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_deployment_jobs_project_id_environment_status_created_at"),
        "deployment_jobs",
        ["project_id", "environment", "status", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deployment_jobs_runner_id_status"),
        "deployment_jobs",
        ["runner_id", "status"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deployment_jobs_status_expires_at"),
        "deployment_jobs",
        ["status", "expires_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deployment_jobs_target_runner_id"),
        "deployment_jobs",
        ["target_runner_id"],
        unique=False,
    )

    op.create_table(
        "job_logs",
        sa.Column("job_id", BIG_ID, nullable=False),
        sa.Column("off", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("len", sa.Integer(), nullable=False),
        sa.Column("data", MEDIUM_BLOB, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["deployment_jobs.id"], name=op.f("fk_job_logs_job_id")
        ),
        sa.PrimaryKeyConstraint("job_id", "off", name=op.f("pk_job_logs")),
        **OPTIONS,
    )
    op.create_table(
        "job_steps",
        sa.Column("job_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["deployment_jobs.id"], name=op.f("fk_job_steps_job_id")
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_steps")),
        **OPTIONS,
    )
    op.create_table(
        "releases",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("project_id", BIG_ID, nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("runner_id", BIG_ID, nullable=False),
        sa.Column("job_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("commit_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("migrations", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["deployment_jobs.id"], name=op.f("fk_releases_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id")
        ),
        sa.ForeignKeyConstraint(["runner_id"], ["runners.id"], name=op.f("fk_releases_runner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("job_id", name=op.f("uq_releases_job_id")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_releases_project_id_environment_id"),
        "releases",
        ["project_id", "environment", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_releases_runner_id"), "releases", ["runner_id"], unique=False)


def downgrade():
    op.drop_table("releases")
    op.drop_table("job_steps")
    op.drop_table("job_logs")
    op.drop_table("deployment_jobs")
    op.drop_table("registration_codes")
    op.drop_table("projects")
    op.drop_table("runners")
    op.drop_table("api_tokens")
    op.drop_table("users")
    op.drop_table("jobs")
