"""`make demo` for each example app, as CI and users without a terminal run it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def demo(app: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end without standard input."""
    return subprocess.run(
        [sys.executable, "-m", "tools.demo", app],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("app", ["static", "nextjs", "laravel"])
def test_demo_ends_with_the_pushed_commit_served(app):
    done = demo(app)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ Deployment completed successfully!" in done.stdout
    assert "The app answers at http://127.0.0.1:" in done.stdout


def test_unknown_app_names_the_known_ones():
    done = demo("rails")

    assert done.returncode == 2
    assert "static, nextjs, laravel" in done.stdout
