"""The wheel holds kernel, CLI and runner under one name, and both scripts start from it."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from the files that git knows, as an installer would build it."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", folder, tree], check=True)
    (built,) = folder.glob("deployr-*.whl")
    return Path(built)


def _expected() -> set[str]:
    folders = {"deployr": "deployr", "cli": "deployr/cli", "runner": "deployr/runner"}
    return {
        f"{packaged}/{path.relative_to(ROOT / folder)}"
        for folder, packaged in folders.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_exactly_kernel_cli_and_runner(wheel):
    """Neither a forgotten package nor a generic top-level name."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert _expected() == names


def test_listed_packages_are_the_folders_on_disk():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    expected = {
        str(Path(name).parent).replace("/", ".")
        for name in _expected()
        if name.endswith((".py", ".sh"))
    }

    assert expected == set(listed)


@pytest.mark.parametrize(("script", "extra"), [("deployr", "cli"), ("deployr-runner", "runner")])
def test_script_starts_in_a_bare_environment(wheel, tmp_path, script, extra):
    """Installed with its own lock only, from a directory that is not the checkout."""
    venv.create(tmp_path / "venv", with_pip=True)
    pip = (str(tmp_path / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check", "-q")
    lock = ROOT / "requirements" / f"{extra}.txt"
    subprocess.run([*pip, "install", "--require-hashes", "-r", lock], check=True)
    subprocess.run([*pip, "install", "--no-deps", wheel], check=True)

    done = subprocess.run(
        [tmp_path / "venv/bin" / script, "--help"],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert f"Usage: {script}" in done.stdout
