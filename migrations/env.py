"""Alembic's entry: run the revisions on the database of the current Flask app."""

from alembic import context
from flask import current_app


def configure(**options: object) -> None:
    database = current_app.extensions["migrate"]
    context.configure(target_metadata=database.db.metadata, **database.configure_args, **options)


def run_offline() -> None:
    engine = current_app.extensions["migrate"].db.engine
    configure(url=engine.url.render_as_string(hide_password=False), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
