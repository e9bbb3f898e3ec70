"""deploy.yaml: its schema, its defaults and its errors."""

import json
import re
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from deployr.repo import branch_problem, name_problem, url_problem
from deployr.states import Framework, Target
from deployr.yamlmarks import Marks, Problem, YamlProblemError

FILE_NAME = "deploy.yaml"
DEFAULT_TIMEOUT_SECONDS = 30 * 60

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h)")
_PAGE = re.compile(r"https?://[^\s/@]+(/\S*)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _checked(find_problem: Any) -> AfterValidator:  # noqa: ANN401 - str -> str | None
    def check(text: str) -> str:
        if problem := find_problem(text):
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def _path_problem(path: str) -> str | None:
    if "\0" in path or not path.startswith("/") or path == "/":
        return "must be an absolute path below /"
    return "must not contain . or .. parts" if _has_dots(path) else None


def _inside_problem(path: str) -> str | None:
    if path.startswith(("/", "-")) or "\0" in path or not path.strip("/"):
        return "must be a path inside the app"
    return "must not contain . or .. parts" if _has_dots(path) else None


def _page_problem(url: str) -> str | None:
    if _PAGE.fullmatch(url):
        return None
    return "must be a web address without a password, as https://my-app.example.com/up"


def _has_dots(path: str) -> bool:
    return any(part in {".", ".."} for part in path.split("/"))


def _seconds(value: object) -> object:
    """Accept `90s`, `30m`, `1h` beside a number of seconds."""
    if isinstance(value, str):
        if match := _DURATION.fullmatch(value):
            return int(match[1]) * _SECONDS[match[2]]
        raise ValueError("must be a number of seconds, or like 90s, 30m, 1h")
    return value


Name = Annotated[str, _checked(name_problem)]
Branch = Annotated[str, _checked(branch_problem)]
RepoUrl = Annotated[str, _checked(url_problem)]
AbsolutePath = Annotated[str, _checked(_path_problem)]
InnerPath = Annotated[str, _checked(_inside_problem)]
CommandLine = Annotated[str, Field(min_length=1, max_length=8192)]
Commands = tuple[CommandLine, ...]
Duration = Annotated[
    int,
    Field(strict=True, ge=1, le=24 * 3600),
    BeforeValidator(_seconds, json_schema_input_type=int | str),
]
Small = Annotated[int, Field(strict=True, ge=1, le=100)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Project(_Section):
    """Which app this is."""

    name: Name | None = None
    framework: Framework | None = None
    target: Target = Target.VPS


class Repo(_Section):
    """Where its code lives."""

    url: RepoUrl | None = None
    branch: Branch | None = None


class Build(_Section):
    """How it is built; `commands` replaces the recipe's own build."""

    commands: Commands | None = None
    env: dict[str, str] = {}
    output: InnerPath | None = None

    @field_validator("env")
    @classmethod
    def _names(cls, env: dict[str, str]) -> dict[str, str]:
        for name in env:
            if not _ENV_NAME.fullmatch(name) or name.startswith("DEPLOYR_"):
                raise ValueError(f"{name!r} can't be set: use A-Z, 0-9 and _, not DEPLOYR_…")
        return env


class Shared(_Section):
    """What survives from release to release, below `<path>/shared`."""

    dirs: tuple[InnerPath, ...] = ()
    files: tuple[InnerPath, ...] = ()


class Hooks(_Section):
    """Commands around the switch to the new release."""

    before_build: Commands = ()
    before_activate: Commands = ()
    after_activate: Commands = ()
    on_failure: Commands = ()


class HealthCheck(_Section):
    """A page that must answer after the switch; else the previous release comes back."""

    url: Annotated[str, _checked(_page_problem)]
    status: Annotated[int, Field(strict=True, ge=100, le=599)] = 200
    text: Annotated[str, Field(min_length=1)] | None = None
    attempts: Small = 10
    interval: Duration = 2


class Deploy(_Section):
    """Where and how it goes live."""

    path: AbsolutePath | None = None
    keep_releases: Small = 5
    shared: Shared = Shared()
    hooks: Hooks = Hooks()
    health_check: HealthCheck | None = None
    timeout: Duration = DEFAULT_TIMEOUT_SECONDS


class Manifest(_Section):
    """A whole deploy.yaml; an empty one is valid."""

    project: Project = Project()
    repo: Repo = Repo()
    build: Build = Build()
    deploy: Deploy = Deploy()
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
    sections = (Manifest, Project, Repo, Build, Deploy, Shared, Hooks, HealthCheck)
    return {key for section in sections for key in section.model_fields}


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
