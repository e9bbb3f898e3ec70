"""A poll finds its candidates in the order of the queue, whatever else the table holds."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "deployment_jobs"
OLD = "ix_deployment_jobs_target_runner_id"
NEW = "ix_deployment_jobs_target_runner_id_status_created_at"


def upgrade():
    # The new one first: the foreign key always needs an index.
    op.create_index(NEW, TABLE, ["target_runner_id", "status", "created_at"], unique=False)
    op.drop_index(OLD, table_name=TABLE)


def downgrade():
    op.create_index(OLD, TABLE, ["target_runner_id"], unique=False)
    op.drop_index(NEW, table_name=TABLE)
