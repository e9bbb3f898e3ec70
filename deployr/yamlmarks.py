"""Strict YAML reading that remembers where each value stands.

Refused: duplicate keys, anchors, aliases and tags, several documents, keys that are not text. Only
true and false are booleans, so that `on`, `yes` and `no` stay the words they look like. Plain
numbers with a fraction are refused, since `1.10` would silently become 1.1.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 18

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Place in a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where."""

    mark: Mark
    path: Path
    message: str

    def render(self, source: str) -> str:
        """Return `file:line:col path: message`."""
        place = f"{source}:{self.mark.line}:{self.mark.column}"
        dotted = ".".join(str(part) for part in self.path)
        return f"{place} {dotted}: {self.message}" if dotted else f"{place} {self.message}"


class YamlProblemError(ValueError):
    """The text can't be read as YAML at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's words for booleans, dates, octals and sexagesimals."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789")
)

_BOOLEAN_WORDS = {"yes", "no", "on", "off", "y", "n", "True", "False", "TRUE", "FALSE"}


class Marks:
    """Values of a YAML document, the place of each, and what is wrong but could be read past."""

    def __init__(self, text: str) -> None:
        """Read `text`. Raises YamlProblemError when it can't be read to its end."""
        self._marks: dict[Path, Mark] = {(): Mark(line=1, column=1)}
        self.problems: list[Problem] = []
        root = _compose(text)
        self.value: Any = None if root is None else self._convert(root, ())

    def mark(self, path: Path) -> Mark:
        """Return the place of `path`, or of the nearest parent that stands in the file."""
        while path not in self._marks:
            path = path[:-1]
        return self._marks[path]

    def _convert(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - YAML holds anything
        self._marks.setdefault(path, _mark(node))
        if len(path) > MAX_DEPTH:
            self._refuse(node, path, f"is nested deeper than {MAX_DEPTH} levels")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                self._refuse(key_node, path, "keys must be plain words")
                continue
            key = key_node.value
            here = (*path, key)
            if key in found:
                self._refuse(key_node, here, "stands twice; keep one of them")
                continue
            self._marks[here] = _mark(key_node)
            found[key] = self._convert(value_node, here)
            self._marks[here] = _mark(key_node)
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> str | int | bool | None:
        plain = getattr(node, "style", None) is None
        if node.tag == "tag:yaml.org,2002:int":
            return self._integer(node, path)
        if node.tag == "tag:yaml.org,2002:bool":
            return bool(node.value == "true")
        if node.tag == "tag:yaml.org,2002:null":
            return None
        if node.tag == "tag:yaml.org,2002:float":
            self._refuse(node, path, f'{node.value} loses digits as a number: write "{node.value}"')
        elif "\0" in node.value:
            self._refuse(node, path, "holds a NUL character")
        elif plain and node.value in _BOOLEAN_WORDS:
            self._refuse(
                node,
                path,
                f'is {node.value} text or a boolean? Write "{node.value}", true or false',
            )
        return str(node.value)

    def _integer(self, node: yaml.Node, path: Path) -> int:
        if len(node.value) > MAX_DIGITS:
            self._refuse(node, path, f"has more than {MAX_DIGITS} digits")
            return 0
        return int(node.value)

    def _refuse(self, node: yaml.Node, path: Path, message: str) -> None:
        self.problems.append(Problem(mark=_mark(node), path=path, message=message))


def _mark(node: yaml.Node) -> Mark:
    return Mark(line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def _compose(text: str) -> yaml.Node | None:
    if len(text.encode()) > MAX_BYTES:
        raise _fatal(f"is larger than {MAX_BYTES // 1024} KiB", None)
    try:
        _refuse_anchors_and_depth(text)
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _fatal(error.problem or "is not YAML", error.problem_mark) from None
    except yaml.YAMLError as error:
        raise _fatal(f"is not YAML: {str(error).splitlines()[0]}", None) from None


def _refuse_anchors_and_depth(text: str) -> None:
    """Look at the parser's events first: composing would follow aliases and recurse."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _fatal("anchors and aliases (& and *) are not supported", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _fatal("tags (!) are not supported", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _fatal(f"is nested deeper than {MAX_DEPTH} levels", event.start_mark)


def _fatal(message: str, mark: Any) -> YamlProblemError:  # noqa: ANN401 - Mark of libyaml or of Python
    where = Mark(line=1, column=1)
    if mark is not None:
        where = Mark(line=mark.line + 1, column=mark.column + 1)
    return YamlProblemError(Problem(mark=where, path=(), message=message))
