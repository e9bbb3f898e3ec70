"""Leases are enforced, requests may be repeated under a key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
OPTIONS = {
    f"{engine}_{name}": value
    for engine in ("mysql", "mariadb")
    for name, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
MOMENTS = ("hard_stop_at", "activated_at", "reaped_at")


def upgrade():
    with op.batch_alter_table("deployment_jobs") as table:
        for name in MOMENTS:
            table.add_column(sa.Column(name, MOMENT, nullable=True))
        table.add_column(sa.Column("late_result", sa.String(length=64), nullable=True))
        table.create_index(
            op.f("ix_deployment_jobs_logs_path_completed_at"), ["logs_path", "completed_at"]
        )

    op.create_table(
        "backend_alive",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backend_alive")),
        **OPTIONS,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("thing_id", BIG_ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
        **OPTIONS,
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )


def downgrade():
    op.drop_table("idempotency_keys")
    op.drop_table("backend_alive")
    with op.batch_alter_table("deployment_jobs") as table:
        table.drop_index(op.f("ix_deployment_jobs_logs_path_completed_at"))
        table.drop_column("late_result")
        for name in MOMENTS:
            table.drop_column(name)
