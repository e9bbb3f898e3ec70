"""docs/security.md names a test, or a contract of imports, for each promise: all of them exist."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = {
    "backend CAN": 4,
    "backend CANNOT": 4,
    "runner CAN": 4,
    "runner SENDS": 2,
    "runner NEVER": 3,
    "CLI CAN": 3,
    "CLI CANNOT": 2,
}
"""How many lines each part of the seed's security model has."""


def _rows():
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    tables = [part for part in text.split("\n## ") if "shown by" in part]
    return [
        line for part in tables for line in part.splitlines()[3:]
        if line.startswith("| ") and "shown by" not in line
    ]  # fmt: skip


def _written():
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return set(re.findall(r"^(?:async )?def (test_\w+)", code, re.MULTILINE))


def _contracts():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.mark.parametrize("part", SEED)
def test_each_promise_of_the_seed_has_its_line(part):
    told = [row for row in _rows() if row.startswith(f"| {part} ")]

    assert SEED[part] == len(told)


def test_each_line_is_shown_by_something_that_exists():
    rows = _rows()
    named = [re.findall(r"`(test_\w+)`|\"([^\"]+)\"", row.split(" | ")[-1]) for row in rows]

    assert len(rows) > sum(SEED.values()) + 10
    assert [] == [row for row, names in zip(rows, named, strict=True) if not names]
    assert set() == {test for names in named for test, _ in names if test} - _written()
    assert (
        set() == {contract for names in named for _, contract in names if contract} - _contracts()
    )
