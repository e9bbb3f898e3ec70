"""install-runner.sh as a user without root runs it, against the real backend."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.live import LiveBackend
from tests.support.sources import copy

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "deployr",
    "cli",
    "runner",
    "requirements",
    "pyproject.toml",
    "README.md",
    "install-runner.sh",
    "tools/build-dist.sh",
)


@pytest.fixture
def home():
    """A home directory of an unprivileged user, with a checkout in it."""
    with tempfile.TemporaryDirectory(prefix="deployr-home-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in PARTS:
            source, goal = ROOT / part, folder / "checkout" / part
            goal.parent.mkdir(exist_ok=True)
            copy(source, goal)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "nobody", folder], check=True)
        yield folder


def install(home, *options, code=""):
    """Run the script without root, in an environment of its own."""
    as_nobody = (
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    network = {name: value for name, value in os.environ.items() if "CERT" in name or "CA_" in name}
    env = network | {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "DEPLOYR_CODE": code,
    }
    return subprocess.run(
        [*as_nobody, "/bin/bash", str(home / "checkout/install-runner.sh"), *options],
        cwd="/", env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_installs_registers_and_can_run_again(home):
    """The second run upgrades and needs neither code nor address; the token is the user's alone."""
    allow = ("--name", "web-1", "--project", "app", "--allow-repo", "https://git.invalid/app", "--allow-branch",
             "main", "--path", str(home / "www"))  # fmt: skip
    with LiveBackend(DEPLOYR_ONLINE_SECONDS="600") as backend:
        code = backend.ask("POST", "/api/runners/codes", {}).json()["code"]
        first = install(home, "--no-service", "--url", backend.url, *allow, code=code)
        assert first.returncode == 0, first.stdout + first.stderr
        again = install(home, "--no-service")
        assert again.returncode == 0, again.stdout + again.stderr
        listed = backend.ask("GET", "/api/runners").json()["runners"]

    assert "Registered as web-1." in first.stdout
    assert "may deploy:   app (production): https://git.invalid/app [main]" in again.stdout
    assert "Start it: " in again.stdout
    assert [("web-1", "online")] == [(one["name"], one["status"]) for one in listed]
    token = home / ".config/deployr-runner/token"
    assert 0o600 == token.stat().st_mode & 0o777
    assert code not in first.stdout + first.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "--url is missing"),
        (("--code", "x"), "--url is missing"),
        (("--url", "https://x.example.com"), "--code is missing"),
        (("--nonsense", "x"), "unknown option --nonsense"),
        (("--upgrade",), "there is no runner to upgrade"),
        (
            ("--url", "https://x.example.com", "--code", "x", "--sha256", "0"),
            "--sha256 is for what is downloaded",
        ),
        (("--url", "https://x.example.com", "--prefix", "here"), "must be an absolute path"),
        (("--url",), "no value for --url"),
        (("--url", "https://x.example.com", "--user", "other"), "--user other needs root"),
    ],
)
def test_wrong_use_changes_nothing(home, options, word):
    refused = install(home, *options)

    assert 2 == refused.returncode
    assert word in refused.stderr
    assert not (home / ".local").exists()
