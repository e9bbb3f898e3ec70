"""All rows of a database: to see whether a request left a trace, and to take the trace away."""

from typing import Any

from flask import Flask
from sqlalchemy import delete, insert, select

from app.extensions import db

_STAMPS = {"last_used_at", "last_seen_at"}
_COUNTERS = {"rate_limits", "backend_alive"}

Rows = dict[str, list[dict[str, Any]]]


class Snapshot:
    """The rows at one moment."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._rows = self._read()

    def changes(self) -> list[str]:
        """Return the tables that differ now.

        Signs of life and counters of tries may: a request that is refused leaves them too.
        """
        now, then = _lasting(self._read()), _lasting(self._rows)
        return [name for name in now if now[name] != then[name]]

    def restore(self) -> None:
        """Put the rows back."""
        with self._app.app_context(), db.engine.begin() as connection:
            tables = db.metadata.sorted_tables
            for table in reversed(tables):
                connection.execute(delete(table))
            for table in tables:
                if self._rows[table.name]:
                    connection.execute(insert(table), self._rows[table.name])

    def _read(self) -> Rows:
        with self._app.app_context(), db.engine.connect() as connection:
            return {
                table.name: [
                    dict(row._mapping)
                    for row in connection.execute(select(table).order_by(*table.primary_key))
                ]
                for table in db.metadata.sorted_tables
            }


def _lasting(rows: Rows) -> Rows:
    return {
        table: [{name: row[name] for name in row.keys() - _STAMPS} for row in found]
        for table, found in rows.items()
        if table not in _COUNTERS
    }
