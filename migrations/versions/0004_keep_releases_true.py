"""A release is known once by its name, also one that no job of this backend made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PLACE = ["project_id", "environment", "runner_id", "name"]
UNIQUE = "uq_releases_project_id_environment_runner_id_name"

# MySQL deletes from no table that the same statement reads, unless by way of a derived one.
FORGET_OLDER = """
DELETE FROM releases WHERE id IN (SELECT id FROM (
    SELECT older.id FROM releases older JOIN releases newer
    ON newer.project_id = older.project_id AND newer.environment = older.environment
    AND newer.runner_id = older.runner_id AND newer.name = older.name AND newer.id > older.id
) AS told_twice)
"""


def upgrade():
    op.execute(FORGET_OLDER)
    with op.batch_alter_table("releases") as table:
        table.alter_column("job_id", existing_type=BIG_ID, nullable=True)
        table.create_unique_constraint(op.f(UNIQUE), PLACE)


def downgrade():
    op.execute("DELETE FROM releases WHERE job_id IS NULL")
    with op.batch_alter_table("releases") as table:
        table.drop_constraint(op.f(UNIQUE), type_="unique")
        table.alter_column("job_id", existing_type=BIG_ID, nullable=False)
