"""`@speaks`: what an API view takes and answers, checked by pydantic and told to OpenAPI.

Our own instead of APIFlask: that one reads JSON whatever the content type is (we owe a 415),
takes `null` for an empty object, reports errors in another shape, and costs 11 MB and nine
distributions on a shared host.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from werkzeug.routing import BaseConverter

from app.errors import BadRequest, FieldErrors, Invalid, UnsupportedType
from app.services.idempotency import RequestKey
from deployr.wire import WireError, decode_base64

_KEY = re.compile(r"[!-~]{1,255}")
_TEXTS = TypeAdapter(dict[str, str])
MAX_ID = 10**18 - 1
"""Larger numbers than the databases know are refused or not found."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The contract of one view."""

    answer: tuple[type[BaseModel], ...]
    """One of these is returned."""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: HTTPStatus = HTTPStatus.OK
    refuses: tuple[int, ...] = ()
    """Statuses of refusals beyond those that follow from token, path and body."""
    repeatable: bool = False
    """Takes an Idempotency-Key, passed to the view as `key`."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The answer to a request that was sent before under the same key: nothing new was made."""

    answer: BaseModel


class Wrapped(BaseModel):
    """A body that travels whole as base64: a firewall must not read its texts as an attack."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    data: str
    """Base64 of the JSON that stands for the body."""


class IdConverter(BaseConverter):
    """An id in a URL."""

    # The bounds are in the pattern: what only `to_python` refuses may end as a 405.
    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


def init_api(app: Flask) -> None:
    """Make `<id:name>` known to URLs."""
    app.url_map.converters["id"] = IdConverter


View = Callable[..., BaseModel | Replay]


def speaks(operation: Operation) -> Callable[[View], Callable[..., Response]]:
    """Pass the checked `body` and `query` to the view and send the model that it returns."""

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def run(**arguments: Any) -> Response:  # noqa: ANN401 - path arguments and the actor
            if operation.body is not None:
                arguments["body"] = _parse_body(operation.body)
            if operation.query is not None:
                arguments["query"] = _parse_query(operation.query)
            if operation.repeatable:
                arguments["key"] = _request_key(arguments.get("body"))
            answer = view(**arguments)
            if isinstance(answer, Replay):
                response = _send(answer.answer, HTTPStatus.OK)
                response.headers["Idempotent-Replay"] = "true"
                return response
            return _send(answer, operation.status)

        run.deployr_operation = operation  # type: ignore[attr-defined]
        return run

    return decorate


def operation_of(view: Callable[..., object]) -> Operation | None:
    """Return the contract of a view, or None when it declares none."""
    found: Operation | None = getattr(view, "deployr_operation", None)
    return found


def may_be_wrapped(body: type[BaseModel]) -> bool:
    """Tell whether a body may come as Wrapped: not where `data` means something of its own."""
    return "data" not in body.model_fields


def _send(answer: BaseModel, status: HTTPStatus) -> Response:
    return Response(answer.model_dump_json(by_alias=True), status, mimetype="application/json")


def _request_key(body: BaseModel | None) -> RequestKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadRequest("bad_idempotency_key", "Idempotency-Key must be 1 to 255 visible letters.")
    sent = "" if body is None else body.model_dump_json(exclude_unset=True)
    return RequestKey.of(key, request.path, sent)


def _parse_body(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        raise UnsupportedType("unsupported_media_type", "Send Content-Type: application/json.")
    try:
        # Strict, so that neither "1" nor true passes for a number.
        return model.model_validate_json(_body_json(model), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise BadRequest("bad_json", first["msg"]) from None
        raise Invalid.fields(_field_errors(error)) from None


def _parse_query(model: type[BaseModel]) -> BaseModel:
    given: dict[str, object] = {
        name: values[0] if len(values) == 1 else values for name, values in request.args.lists()
    }
    try:
        if isinstance(data := given.get("data"), str):
            del given["data"]
            given |= _TEXTS.validate_json(_decoded(data))
        return model.model_validate(given)
    except ValidationError as error:
        raise Invalid.fields(_field_errors(error)) from None


def _body_json(model: type[BaseModel]) -> bytes:
    raw = request.get_data()
    if not may_be_wrapped(model):
        return raw
    try:
        data = Wrapped.model_validate_json(raw, strict=True).data
    except ValidationError:
        return raw
    return _decoded(data)


def _decoded(data: str) -> bytes:
    try:
        return decode_base64(data)
    except WireError as error:
        raise Invalid.field("data", str(error)) from None


def _field_errors(error: ValidationError) -> FieldErrors:
    return [
        {
            "field": ".".join(str(part) for part in each["loc"]) or "body",
            "message": each["msg"].removeprefix("Value error, "),
        }
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
