"""Parts that several requests and answers share."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from app.api import MAX_ID
from deployr.fields import Name as KernelName

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Name = Annotated[
    KernelName,
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,62}$"}),
]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[
    datetime,
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A time in answers: RFC 3339, UTC, whole seconds."""


def _digits(value: object) -> object:
    # int() would also take "1_000", " 7" and "+7".
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        return int(value)
    return value if value is None or isinstance(value, int) else "?"


QueryInt = Annotated[int, BeforeValidator(_digits)]


class UserRequest(BaseModel):
    """What users send: a typo in a field's name must not go unnoticed."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")


class RunnerRequest(BaseModel):
    """What runners send: newer ones may know more fields than this backend."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore")


class Answer(BaseModel):
    """What the backend sends."""

    model_config = ConfigDict(defer_build=True, frozen=True, from_attributes=True, extra="forbid")


class PageQuery(UserRequest):
    """Which part of a list."""

    limit: Annotated[QueryInt, Field(ge=1, le=100)] = 50
    before: Annotated[QueryInt, Field(ge=1, le=MAX_ID)] | None = None


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """A sentence for people that says what to do."""
    code: str
    """A stable word for programs."""
    errors: list["FieldProblem"] | None = None


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Health(Answer):
    """The backend runs."""

    status: str
    version: str
    protocol: int
    revision: str | None = None
    """What `.cpanel.yml` put in place; left out in a checkout."""
