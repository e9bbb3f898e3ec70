"""OpenAPI 3.1, made from the views' own declarations so that it can't lie."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.api import MAX_ID, Operation, Wrapped, may_be_wrapped, operation_of
from app.auth import declared
from app.errors import PROBLEM_TYPE
from app.schemas.common import Problem
from deployr import __version__

_MADE = "deployr_openapi"
_REF = "#/components/schemas/{model}"
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "user": [{"userToken": []}],
    "runner": [{"runnerToken": []}],
    "optional": [{}, {"userToken": []}],
    "tick": [{"tickToken": []}],
    "public": [],
}
_Json = dict[str, Any]
_REQUEST_KEY: _Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same body, the request makes nothing new and answers 200.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}

_WRAPPED_QUERY: _Json = {
    "name": "data",
    "in": "query",
    "required": False,
    "description": "Base64 of a JSON object of further parameters, all of them texts.",
    "schema": {"type": "string"},
}


def openapi_json(app: Flask) -> str:
    """Return the description of all routes below /api/ as JSON; it is made once."""
    # Anybody may ask, and making it takes as long as a hundred other requests.
    made: str = app.extensions.get(_MADE) or json.dumps(_document(app))
    app.extensions[_MADE] = made
    return made


def _document(app: Flask) -> _Json:
    found = [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]
    routes = [(rule, view) for rule, view in found if rule.rule.startswith("/api/")]
    refs, definitions = _schemas([operation_of(view) for _, view in routes])
    paths: _Json = {}
    for rule, view in routes:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            paths.setdefault(path, {})[method.lower()] = _describe(rule, view, refs)
    tokens = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Deployr", "version": __version__},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": definitions,
            "securitySchemes": {"userToken": tokens, "runnerToken": tokens, "tickToken": tokens},
        },
    }


def _schemas(
    operations: list[Operation | None],
) -> tuple[dict[type[BaseModel], _Json], _Json]:
    """Return a reference for each model, and the definitions that they point to."""
    asked: dict[type[BaseModel], Any] = {Problem: "serialization", Wrapped: "validation"}
    for operation in filter(None, operations):
        asked |= dict.fromkeys(operation.answer, "serialization")
        asked |= {
            model: "validation" for model in (operation.body, operation.query) if model is not None
        }
    refs, document = models_json_schema(list(asked.items()), ref_template=_REF)
    named = {model: refs[(model, mode)] for model, mode in asked.items()}
    return named, document["$defs"]


def _describe(rule: Rule, view: Callable[..., object], refs: dict[type[BaseModel], _Json]) -> _Json:
    operation = operation_of(view)
    who = declared(view) or "public"
    described: _Json = {
        "operationId": rule.endpoint,
        "summary": (view.__doc__ or "").strip().partition("\n")[0],
        "tags": [rule.endpoint.partition(".")[0]],
        "security": _SECURITY[who],
        "parameters": _path_parameters(rule),
        "responses": {"200": {"description": "OK", "content": _content({"type": "object"})}},
    }
    if operation is None:
        return described
    if operation.body is not None:
        schema = refs[operation.body]
        if may_be_wrapped(operation.body):
            schema = {"anyOf": [schema, refs[Wrapped]]}
        described["requestBody"] = {"required": True, "content": _content(schema)}
    if operation.query is not None:
        described["parameters"] += [*_query_parameters(operation.query), _WRAPPED_QUERY]
    if operation.repeatable:
        described["parameters"].append(_REQUEST_KEY)
    described["responses"] = _responses(rule, operation, who, refs)
    return described


def _content(schema: _Json, mimetype: str = "application/json") -> _Json:
    return {mimetype: {"schema": schema}}


def _path_parameters(rule: Rule) -> list[_Json]:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in sorted(rule.arguments)
    ]


def _query_parameters(model: type[BaseModel]) -> list[_Json]:
    schema = model.model_json_schema(ref_template=_REF)
    properties: dict[str, _Json] = schema["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(each)}
        for name, each in properties.items()
    ]


def _without_null(schema: _Json) -> _Json:
    """A query can't say null; it leaves the parameter out."""
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def _responses(
    rule: Rule, operation: Operation, who: str, refs: dict[type[BaseModel], _Json]
) -> _Json:
    answers = [refs[model] for model in operation.answer]
    schema = answers[0] if len(answers) == 1 else {"anyOf": answers}
    good = {operation.status} | ({HTTPStatus.OK} if operation.repeatable else set())
    found: _Json = {
        str(int(status)): {"description": status.phrase, "content": _content(schema)}
        for status in sorted(good)
    }
    for code in sorted(_refusals(rule, operation, who)):
        found[str(code)] = {
            "description": HTTPStatus(code).phrase,
            "content": _content(refs[Problem], PROBLEM_TYPE),
        }
    return found


def _refusals(rule: Rule, operation: Operation, who: str) -> set[int]:
    codes = {503, *operation.refuses}
    if who != "public":
        codes |= {401, 403}
    if rule.arguments:
        codes.add(404)
    if operation.query is not None:
        codes.add(422)
    if operation.body is not None:
        codes |= {400, 413, 415, 422}
    return codes
