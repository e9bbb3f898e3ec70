"""A database as somebody sees who got hold of a dump of it."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import MetaData, create_engine, make_url, select

from app.extensions import engine_options
from tests.support.traces import unpacked


def dump(url: str) -> bytes:
    """Return the whole database as SQL; then all binary values as they are, and unpacked."""
    is_sqlite = url.startswith("sqlite")
    return b"\n".join([_sqlite(url) if is_sqlite else _mariadb(url), *_blobs(url)])


def _sqlite(url: str) -> bytes:
    path = make_url(url).database or ""
    with closing(sqlite3.connect(path)) as connection:
        text = "\n".join(connection.iterdump()).encode()
    # Also what was deleted and still stands in the files.
    files = [Path(path + suffix) for suffix in ("", "-wal")]
    return b"\n".join([text, *(file.read_bytes() for file in files if file.exists())])


def _mariadb(url: str) -> bytes:
    parts = make_url(url)
    argv = [
        *("mariadb-dump", "--no-defaults", "--skip-ssl", "--hex-blob", "--protocol=tcp"),
        *(f"--host={parts.host}", f"--port={parts.port}", f"--user={parts.username}"),
        *(f"--password={parts.password}", str(parts.database)),
    ]
    return subprocess.run(argv, capture_output=True, check=True).stdout


def _blobs(url: str) -> list[bytes]:
    engine = create_engine(url, **engine_options(make_url(url)))
    schema = MetaData()
    with engine.connect() as connection:
        schema.reflect(connection)
        values = [
            value
            for table in schema.sorted_tables
            for row in connection.execute(select(table))
            for value in row
            if isinstance(value, bytes)
        ]
    engine.dispose()
    return [part for value in values for part in (value, unpacked(value))]
