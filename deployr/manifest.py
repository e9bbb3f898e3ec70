"""deploy.yaml as a whole: reading it, and its errors."""

import json
from difflib import get_close_matches
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator

from deployr.fields import Name
from deployr.sections import (
    Build,
    Deploy,
    HealthCheck,
    Hook,
    Hooks,
    Laravel,
    Nextjs,
    Project,
    Repo,
    Restart,
    Section,
    Shared,
)
from deployr.yamlmarks import Marks, Problem, YamlProblemError

FILE_NAME = "deploy.yaml"

SECTIONS = (
    *(Project, Repo, Build, Deploy, Shared, Hooks, Hook, Restart, HealthCheck),
    *(Laravel, Nextjs),
)


class Manifest(Section):
    """A whole deploy.yaml; an empty one is valid."""

    project: Project = Project()
    repo: Repo = Repo()
    build: Build = Build()
    deploy: Deploy = Deploy()
    laravel: Laravel = Laravel()
    nextjs: Nextjs = Nextjs()
    runs_on: Name | None = None
    environments: None = Field(default=None, json_schema_extra={"not": {}})

    @field_validator("environments", mode="before")
    @classmethod
    def _reserved(cls, _: object) -> None:
        raise ValueError("is reserved for a later version; remove it")

    @classmethod
    def parse(cls, text: str, source: str = FILE_NAME) -> Self:
        """Read a deploy.yaml. Raises ManifestError that lists every problem with its place."""
        try:
            marks = Marks(text)
        except YamlProblemError as error:
            raise ManifestError([error.problem], source) from None
        problems = list(marks.problems)
        try:
            manifest = cls.model_validate(
                {} if marks.value is None else _without_nulls(marks.value)
            )
        except ValidationError as error:
            # What is wrong as YAML already is not told a second time in the schema's words.
            told = {problem.path for problem in problems}
            found = (_problem(marks, details) for details in error.errors())
            problems += [problem for problem in found if problem.path not in told]
            raise ManifestError(problems, source) from None
        if problems:
            raise ManifestError(problems, source)
        return manifest


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - YAML holds anything
    """A key with nothing behind it, as in `build:`, means the same as no key."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _problem(marks: Marks, details: Any) -> Problem:  # noqa: ANN401 - pydantic's ErrorDetails
    path = tuple(part for part in details["loc"] if part != "[key]")
    return Problem(mark=marks.mark(path), path=path, message=_message(details))


def _message(details: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    kind = details["type"]
    if kind == "extra_forbidden":
        close = get_close_matches(str(details["loc"][-1]), _known_keys(), n=1)
        return f"is not a known key; did you mean {close[0]}?" if close else "is not a known key"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    if kind == "model_type":
        return "must hold keys and values, as in the sample deploy.yaml"
    if kind == "tuple_type":
        return "must be a list"
    if kind == "string_type":
        return f'must be text: write it in quotes, as "{details["input"]}"'
    message = str(details["msg"])
    return message[0].lower() + message[1:]


def _known_keys() -> set[str]:
    return {key for section in (Manifest, *SECTIONS) for key in section.model_fields}


class ManifestError(ValueError):
    """A deploy.yaml that can't be used; its text is one `file:line:col path: message` a line."""

    def __init__(self, problems: list[Problem], source: str) -> None:
        self.problems = sorted(problems, key=lambda each: (each.mark.line, each.mark.column))
        super().__init__("\n".join(problem.render(source) for problem in self.problems))


def json_schema() -> str:
    """Return the JSON Schema (2020-12) of deploy.yaml as text, for editors and for docs."""
    schema = Manifest.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deploy.yaml of Deployr"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
