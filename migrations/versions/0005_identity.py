"""Teams, scoped tokens, sessions in browsers, an audit log and rate limits."""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
OPTIONS = {
    f"{engine}_{name}": value
    for engine in ("mysql", "mariadb")
    for name, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
CREATED = ("sessions", "project_members", "invitations", "runner_shares")
NEW_TABLES = ("rate_limits", "audit_head", "audit_events", *reversed(CREATED))


def _moment(name, nullable=False):
    return sa.Column(name, MOMENT, nullable=nullable)


def _text(name, length, nullable=False):
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _id(name="id", nullable=False, **options):
    return sa.Column(name, BIG_ID, nullable=nullable, **options)


def _table(name, *columns, key=("id",), to=(), unique=()):
    """Create a table; `to` holds columns with what they refer to."""
    op.create_table(
        name,
        *columns,
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{name}_{column}"))
            for column, other in to
        ),
        *(
            sa.UniqueConstraint(*names, name=op.f(f"uq_{name}_{'_'.join(names)}"))
            for names in unique
        ),
        **OPTIONS,
    )


def _index(table, *columns):
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)


def upgrade():
    with op.batch_alter_table("users") as table:
        table.add_column(_text("handle", 63, nullable=True))
        table.create_unique_constraint(op.f("uq_users_handle"), ["handle"])
    _name_users()
    with op.batch_alter_table("api_tokens") as table:
        table.add_column(
            sa.Column("scope", sa.String(length=16), server_default="admin", nullable=False)
        )
        table.add_column(_text("prefix", 8, nullable=True))
    with op.batch_alter_table("runners") as table:
        table.add_column(_text("old_token", 64, nullable=True))
        table.add_column(_moment("old_token_until", nullable=True))
        table.create_unique_constraint(op.f("uq_runners_old_token"), ["old_token"])
    _create_session_table()
    _create_team_tables()
    _create_audit_tables()
    _table(
        "rate_limits",
        _text("subject", 64),
        _id("window", autoincrement=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        key=("subject", "window"),
    )
    _index("rate_limits", "window")


def _create_session_table():
    _table(
        "sessions",
        _id(),
        _id("user_id"),
        _text("session", 64),
        _text("browser", 255),
        _text("address", 45),
        _moment("last_seen_at"),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        _moment("created_at"),
        to=[("user_id", "users")],
        unique=[("session",)],
    )
    _index("sessions", "user_id")
    _index("sessions", "expires_at")


def _create_team_tables():
    _table(
        "project_members",
        _id("project_id"),
        _id("user_id"),
        _text("role", 16),
        _moment("created_at"),
        key=("project_id", "user_id"),
        to=[("project_id", "projects"), ("user_id", "users")],
    )
    _index("project_members", "user_id")
    _table(
        "invitations",
        _id(),
        _id("project_id"),
        _text("github_login", 63),
        _text("role", 16),
        _id("invited_by"),
        _moment("expires_at"),
        _moment("created_at"),
        to=[("project_id", "projects"), ("invited_by", "users")],
        unique=[("project_id", "github_login")],
    )
    _index("invitations", "github_login")
    _index("invitations", "invited_by")
    _table(
        "runner_shares",
        _id("runner_id"),
        _id("project_id"),
        _moment("created_at"),
        key=("runner_id", "project_id"),
        to=[("runner_id", "runners"), ("project_id", "projects")],
    )
    _index("runner_shares", "project_id")


def _create_audit_tables():
    _table(
        "audit_events",
        _id(autoincrement=False),
        _moment("at"),
        _text("act", 48),
        _text("actor", 255),
        _id("user_id", nullable=True),
        _id("project_id", nullable=True),
        _text("thing", 255),
        _text("address", 45),
        _text("request_id", 64),
        sa.Column("detail", sa.Text(), nullable=False),
        _text("before", 64),
        _text("hash", 64),
    )
    _index("audit_events", "user_id", "id")
    _index("audit_events", "project_id", "id")
    _table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _id("event_id"),
        _text("hash", 64),
    )


def _name_users():
    """Give everybody a handle: the GitHub login, else what is before the @ of the email."""
    users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("github_login"),
                     sa.column("handle"))  # fmt: skip
    connection = op.get_bind()
    taken = set()
    for user in connection.execute(sa.select(users).order_by(users.c.id)).all():
        base = user.github_login or user.email.partition("@")[0]
        base = re.sub(r"[^a-z0-9-]+", "-", base.lower()).strip("-")[:40] or "user"
        handle, number = base, 1
        while handle in taken:
            number += 1
            handle = f"{base}-{number}"
        taken.add(handle)
        connection.execute(users.update().where(users.c.id == user.id).values(handle=handle))


def downgrade():
    # The code before knows neither scopes nor blocked users: they must not gain by that.
    op.execute(
        "UPDATE api_tokens SET revoked_at = CURRENT_TIMESTAMP "
        "WHERE scope <> 'admin' AND revoked_at IS NULL"
    )
    blocked = (
        "CONCAT('blocked:', id)" if op.get_bind().dialect.name != "sqlite" else "'blocked:' || id"
    )
    op.execute(f"UPDATE users SET github_id = {blocked} WHERE role = 'blocked'")
    for name in NEW_TABLES:
        op.drop_table(name)
    with op.batch_alter_table("runners") as table:
        table.drop_constraint(op.f("uq_runners_old_token"), type_="unique")
        table.drop_column("old_token_until")
        table.drop_column("old_token")
    with op.batch_alter_table("api_tokens") as table:
        table.drop_column("prefix")
        table.drop_column("scope")
    with op.batch_alter_table("users") as table:
        table.drop_constraint(op.f("uq_users_handle"), type_="unique")
        table.drop_column("handle")
