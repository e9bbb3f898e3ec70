"""What a backend serves to servers that become runners, built, and in other versions."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(goal: Path) -> Path:
    """Build it as `make dist` does, and return where it is."""
    subprocess.run(
        ["/bin/bash", ROOT / "tools/build-dist.sh", goal],
        env=os.environ | {"PYTHON": sys.executable}, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return goal


def wheel_of(dist: Path) -> Path:
    """Return the wheel there."""
    (found,) = dist.glob("deployr-*.whl")
    return found


def altered(dist: Path, goal: Path, name: str, old: str, new: str) -> Path:
    """Make another version, with a text of one file of the wheel replaced; return where it is."""
    goal.mkdir()
    wheel, script = wheel_of(dist), (dist / "install-runner.sh").read_text()
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(goal / wheel.name, "w") as made:
        for each in source.infolist():
            data = source.read(each)
            if each.filename == name:
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            made.writestr(each, data)
    before, after = (_sha256(path) for path in (wheel, goal / wheel.name))
    assert before in script
    (goal / "install-runner.sh").write_text(script.replace(before, after))
    requirements = "runner-requirements.txt"
    (goal / requirements).write_bytes((dist / requirements).read_bytes())
    return goal


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
