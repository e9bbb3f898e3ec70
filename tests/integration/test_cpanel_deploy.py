""".cpanel.yml as cPanel runs it: one shell, in the repository, in the user's home."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

from tools.demo.processes import first_line, start, stop

ROOT = Path(__file__).resolve().parents[2]

# What Passenger does: it loads passenger_wsgi.py of the application root and calls `application`.
SERVE = """
import sys
from wsgiref.simple_server import make_server
from passenger_wsgi import application
server = make_server("127.0.0.1", 0, application)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def home(tmp_path):
    """An account with a clone of this repository, as it is committed and changed here."""
    clone = tmp_path / "repositories" / "deployr"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", ROOT.as_uri(), clone], check=True)
    for name in (".cpanel.yml", "tools/cpanel-deploy.sh", "passenger_wsgi.py"):
        (clone / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "deployr").mkdir()
    return tmp_path


def deploy(home):
    """Run all tasks in one shell that ends at the first failure."""
    tasks = yaml.safe_load((home / "repositories/deployr/.cpanel.yml").read_text())
    # A virtual environment's Python, as cPanel's "Setup Python App" makes one.
    env = {**os.environ, "HOME": str(home), "PYTHON": sys.executable}
    return subprocess.run(
        ["/bin/bash", "-e"], input="\n".join(tasks["deployment"]["tasks"]), env=env,
        cwd=home / "repositories/deployr", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_backend_is_deployed_migrated_and_answers(home):
    """With its own packages only, and again over an earlier deployment."""
    app = home / "deployr"
    (app / ".env").write_text(f"DEPLOYR_DATABASE_URL=sqlite:///{home}/deployr.sqlite3\n")
    assert 0 == (done := deploy(home)).returncode, done.stderr
    touched = (app / "tmp/restart.txt").stat().st_mtime_ns
    (app / "app/removed_in_the_next_version.py").touch()
    time.sleep(0.01)
    assert 0 == (done := deploy(home)).returncode, done.stderr

    assert not (app / "app/removed_in_the_next_version.py").exists()
    assert (app / "tmp/restart.txt").stat().st_mtime_ns > touched
    assert not (app / "incoming").exists()
    base_python = Path(sys.base_prefix, "bin", "python3")
    process = start([str(base_python), "-c", SERVE], log=home / "log", env=os.environ, cwd=app)
    try:
        port = first_line(home / "log", process, 60)
        answer = requests.get(f"http://127.0.0.1:{port}/api/health", timeout=10)
    finally:
        stop(process)
    assert "ok" == answer.json()["status"]


def test_without_settings_nothing_is_touched(home):
    done = deploy(home)

    assert 1 == done.returncode
    assert f"{home}/deployr/.env is missing" in done.stderr
    assert [] == list((home / "deployr").iterdir())


@pytest.mark.slow
def test_release_that_can_not_start_changes_nothing(home):
    (home / "deployr/.env").write_text("DEPLOYR_DATABASE_URL=postgres://x/y\n")

    done = deploy(home)

    assert 0 != done.returncode
    assert "must start with mysql://" in done.stderr
    assert not (home / "deployr/passenger_wsgi.py").exists()
