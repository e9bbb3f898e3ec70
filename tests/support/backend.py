"""The backend as a client sees it, and a clock that tests move."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

START = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Go on `by` seconds, minutes or hours."""
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Api:
    """Makes requests with one token, or with none."""

    app: Flask
    token: str | None = None
    id: int = 0

    def get(self, path: str, **query: object) -> TestResponse:
        """GET; the answer's body is in `.json`."""
        return self.app.test_client().get(path, query_string=query, headers=self._headers())

    def post(self, path: str, body: object = None, **fields: object) -> TestResponse:
        """POST `fields`, or whatever `body` is, as JSON."""
        json = fields if body is None else body
        return self.app.test_client().post(path, json=json, headers=self._headers())

    def read(self, path: str, **query: object) -> Any:
        """Return the body of a GET that must succeed."""
        return _expect(self.get(path, **query))

    def write(self, path: str, body: object = None, **fields: object) -> Any:
        """Return the body of a POST that must succeed."""
        return _expect(self.post(path, body, **fields))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _expect(answer: TestResponse) -> Any:
    assert answer.status_code in {200, 201}, answer.text
    return answer.json


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of an answer that must be a problem."""
    assert answer.mimetype == "application/problem+json", answer.text
    problem = answer.json
    assert problem is not None
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]
