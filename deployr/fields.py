"""Types of the fields of deploy.yaml: what each text or number may be, and what is said if not."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from deployr.repo import branch_problem, name_problem, url_problem

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h)")
_PAGE = re.compile(r"https?://[^\s/@]+(/\S*)?")
_PAGE_PATH = re.compile(r"/[^\s#]*")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@*-]{0,127}")
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


def _page_path_problem(path: str) -> str | None:
    return None if _PAGE_PATH.fullmatch(path) else "must be the path of a page, as /health"


def _unit_problem(name: str) -> str | None:
    # It becomes a word of a command, and must not be an option of it.
    return None if _UNIT.fullmatch(name) else "must be a name of letters, digits and . _ : @ - *"


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
Page = Annotated[str, _checked(_page_problem)]
PagePath = Annotated[str, _checked(_page_path_problem)]
Unit = Annotated[str, _checked(_unit_problem)]
