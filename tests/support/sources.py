"""Copies of this checkout's files."""

import shutil
from pathlib import Path


def copy(source: Path, goal: Path) -> None:
    """Put a file or directory in the place of another, without what Python compiles.

    Other processes do that meanwhile, so such files come and go.
    """
    if source.is_dir():
        shutil.rmtree(goal, ignore_errors=True)
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, goal, symlinks=True, ignore=compiled)
    else:
        shutil.copy2(source, goal)
