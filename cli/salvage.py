"""What can still be read of a deploy.yaml that has problems."""

from typing import Any

from deployr.manifest import Manifest
from deployr.yamlmarks import Marks, YamlProblemError

_WANTED = (("project", "name"), ("repo", "url"), ("deploy", "path"))
_LINES_BACK = 5
"""How far before the place that YAML complains of the fault may be."""


def salvaged(text: str) -> Manifest:
    """Return the project's name, repository and path as far as each is there and valid."""
    kept: dict[str, dict[str, Any]] = {}
    value = _values(text)
    for section, key in _WANTED:
        keys = value.get(section) if isinstance(value, dict) else None
        found = keys.get(key) if isinstance(keys, dict) else None
        try:
            Manifest.model_validate({section: {key: found}})
        except ValueError:
            continue
        if found is not None:
            kept.setdefault(section, {})[key] = found
    return Manifest.model_validate(kept)


def _values(text: str) -> Any:  # noqa: ANN401 - YAML holds anything
    """Return what the YAML holds, of a broken one what stands before the fault."""
    try:
        return Marks(text).value
    except YamlProblemError as error:
        fault = error.problem.mark.line
    lines = text.splitlines()
    for end in range(fault - 1, max(fault - 1 - _LINES_BACK, 0), -1):
        try:
            return Marks("\n".join(lines[:end])).value
        except YamlProblemError:
            continue
    return None
