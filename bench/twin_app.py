"""The twin of `bench.twin`: Flask, one kept PyMySQL connection and the backend's own statements."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any, Self

import pymysql
from flask import Flask, Response, jsonify, request
from sqlalchemy import Engine, event, make_url

from deployr.logchunk import LogChunk
from deployr.wire import decode_base64


class Recording:
    """The statements of one request, in order, with their parameters."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.steps: list[tuple[str, tuple[Any, ...]]] = []
        self.piece: tuple[int, int] | None = None
        """Offset and length of the piece of log that came with the request."""

    def __enter__(self) -> Self:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(
        self, _connection: object, _cursor: object, sql: str, values: dict[str, Any], *_: object
    ) -> None:
        names = re.findall(r"%\((\w+)\)s", sql)
        sql = re.sub(r"%\(\w+\)s", "%s", sql)
        self.steps.append((sql, tuple(values[name] for name in names)))

    @property
    def writes(self) -> bool:
        """Whether any of them changes something."""
        return any(not sql.lstrip("( ").startswith("SELECT") for sql, _ in self.steps)

    def parameters(self, given: tuple[Any, ...], off: int, packed: bytes) -> tuple[Any, ...]:
        """Return recorded parameters as they are for another piece of the same length."""
        if self.piece is None:
            return given
        start, length = self.piece
        known = {start: off, start + length: off + length}
        return tuple(
            packed
            if isinstance(value, bytes)
            else datetime.now(UTC).replace(tzinfo=None)
            if isinstance(value, datetime)
            else known.get(value, value)
            for value in given
        )


def twin(database_url: str, recording: Recording, answer: dict[str, Any]) -> Flask:
    """Return the app, which answers every path with the recorded `answer`."""
    app = Flask("twin")
    url = make_url(database_url)
    connection = pymysql.connect(
        host=url.host or "",
        port=url.port or 0,
        user=url.username,
        password=url.password or "",
        database=url.database,
        ssl_disabled=True,
        autocommit=not recording.writes,
    )
    cursor = connection.cursor()

    @app.get("/api/runner/jobs")
    @app.post("/api/runner/jobs/<int:job_id>/status")
    def act(job_id: int = 0) -> Response | tuple[dict[str, str], int]:
        hashed = hashlib.sha256(request.headers["Authorization"][7:].encode()).hexdigest()
        told, off, packed = dict(answer), 0, b""
        if job_id:
            body = request.get_json()
            chunk = LogChunk.model_construct(**body["log"])
            off, packed = chunk.off, decode_base64(chunk.data)
            told["ack"] = off + len(chunk.unpack())
        for number, (sql, given) in enumerate(recording.steps):
            cursor.execute(sql, recording.parameters(given, off, packed))
            rows = cursor.fetchall()
            if number == 0 and not any(hmac.compare_digest(hashed, str(each)) for each in rows[0]):
                return {}, 401
        if recording.writes:
            connection.commit()
        return jsonify(told)

    return app
