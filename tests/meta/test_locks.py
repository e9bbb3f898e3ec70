"""The lock files agree with each other and with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "server": ROOT / "requirements.txt",
    "runner": ROOT / "requirements/runner.txt",
    "cli": ROOT / "requirements/cli.txt",
    "s3": ROOT / "requirements/s3.txt",
    "gunicorn": ROOT / "requirements/gunicorn.txt",
    "serverless": ROOT / "requirements/serverless.txt",
}
DEV = ROOT / "requirements/dev.txt"


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock.read_text(), flags=re.MULTILINE))


def _normalised(requirement: str) -> str:
    name = re.split(r"[<>=\[; ]", requirement, maxsplit=1)[0]
    return name.lower().replace("_", "-")


@pytest.mark.parametrize("extra", LOCKS)
def test_lock_pins_every_direct_dependency(extra):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"][extra]

    assert {_normalised(one) for one in wanted} <= set(_pins(LOCKS[extra]))


@pytest.mark.parametrize("extra", LOCKS)
def test_lock_is_part_of_the_development_lock(extra):
    """So one virtual environment can hold them all, and tests run what users run."""
    assert _pins(LOCKS[extra]).items() <= _pins(DEV).items()


@pytest.mark.parametrize("lock", [*LOCKS.values(), DEV], ids=lambda path: path.name)
def test_every_pin_has_hashes_and_no_address(lock):
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)

    assert [] == [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in text
