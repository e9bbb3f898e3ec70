"""Files and functions stay small enough to be read in one go."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40


def _sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.sh"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split() if not name.startswith("migrations/")]
    return [path for path in paths if path.exists()]


def _function_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def _long_functions(path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _function_length(node) > MAX_FUNCTION_LINES
    ]


def test_sources_are_found():
    assert ROOT / "deployr" / "wire.py" in _sources()


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_small(path):
    """A file of more than 250 lines holds two things."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def test_functions_are_small():
    """A function of more than 40 lines does two things."""
    python = [path for path in _sources() if path.suffix == ".py"]

    assert [] == [name for path in python for name in _long_functions(path)]


def test_long_function_would_be_noticed():
    body = "\n".join(f"    x{number} = {number}" for number in range(MAX_FUNCTION_LINES + 1))
    function = ast.parse(f"def long():\n{body}\n").body[0]

    assert isinstance(function, ast.FunctionDef)
    assert _function_length(function) > MAX_FUNCTION_LINES
