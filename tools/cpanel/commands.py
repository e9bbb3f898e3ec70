"""Programs that a deployment runs."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


class Failed(Exception):  # noqa: N818 - what is told to people
    """The deployment can't go on; the text says why."""


def run(*argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Return what a program says. Raises Failed with all of it when the program fails."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        close_fds=False,  # what outlives a killed deployment keeps its lock
    )
    if done.returncode:
        what = " ".join(
            Path(each).name if each == argv[0] else each for each in argv[:4] if "\n" not in each
        )
        raise Failed(f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout.strip()
