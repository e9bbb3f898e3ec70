"""A file system so small that it fills up; made by root, and in CI never left out."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[Path]:
    """Mount a file system of `kib` KiB at a directory, which is made if need be.

    Where that is not allowed the test is skipped on a developer's machine, and fails in CI.
    """
    place.mkdir(parents=True, mode=0o700, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs", str(place)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        leave = pytest.fail if os.environ.get("CI") else pytest.skip
        leave(f"needs root, and the right to mount: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
