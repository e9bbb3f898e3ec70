""".cpanel.yml as cPanel runs it: one shell, in the repository, in the user's home.

What then answers under Passenger, and revisions that can't, are in tests/system.
"""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.sources import copy
from tools.demo.processes import first_line, pauses, start, stop

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (".cpanel.yml", "tools", "passenger_wsgi.py", "app", "runner")
S3 = """
DEPLOYR_LOG_STORE=s3
export DEPLOYR_S3_BUCKET = 'logs'
DEPLOYR_S3_URL=http://127.0.0.1:9
AWS_ACCESS_KEY_ID=test
AWS_SECRET_ACCESS_KEY=test
"""

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
    for name in SOURCES:
        copy(ROOT / name, clone / name)
    commit(clone)
    (tmp_path / "deployr").mkdir()
    return tmp_path


def commit(clone, *new):
    for name in new:
        (clone / name).touch()
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "add", "--all"], cwd=clone, check=True)
    subprocess.run(
        ["git", *who, "commit", "--quiet", "--allow-empty", "-m", "."], cwd=clone, check=True
    )


def deploy(home, python=sys.executable):
    """Run all tasks in one shell that ends at the first failure."""
    tasks = yaml.safe_load((home / "repositories/deployr/.cpanel.yml").read_text())
    # A virtual environment's Python, as cPanel's "Setup Python App" makes one.
    env = {**os.environ, "HOME": str(home), "PYTHON": str(python)}
    return subprocess.run(
        ["/bin/bash", "-e"], input="\n".join(tasks["deployment"]["tasks"]), env=env,
        cwd=home / "repositories/deployr", capture_output=True, text=True, check=False,
    )  # fmt: skip


def write_settings(home, text):
    file = home / "deployr/.env"
    file.touch(mode=0o600)
    file.write_text(text)


def ask(home, *paths):
    """Return what the backend answers, started by a Python that has no packages of ours."""
    base_python = Path(sys.base_prefix, "bin", "python3")
    argv = [str(base_python), "-c", SERVE]
    process = start(argv, log=home / "log", env=os.environ, cwd=home / "deployr")
    try:
        url = f"http://127.0.0.1:{first_line(home / 'log', process, 60)}"
        return [requests.get(url + path, timeout=60) for path in paths]
    finally:
        stop(process)


@pytest.mark.slow
def test_backend_is_deployed_migrated_and_answers(home):
    """With its own packages only, and again over an earlier deployment, which stays beside it."""
    app = home / "deployr"
    write_settings(home, f"DEPLOYR_DATABASE_URL=sqlite:///{home}/deployr.sqlite3\n")
    assert 0 == (done := deploy(home)).returncode, done.stderr
    assert "set DEPLOYR_PUBLIC_URL" in done.stdout
    first, touched = app.joinpath("current").readlink(), (app / "tmp/restart.txt").stat()
    (app / "releases/.new/packages").mkdir(parents=True)  # as a killed deployment leaves it
    commit(home / "repositories/deployr", "not-committed")
    assert 0 == (done := deploy(home)).returncode, done.stderr

    second = app.joinpath("current").readlink()
    assert {first.name, second.name} == {path.name for path in app.glob("releases/[0-9]*")}
    assert (app / "tmp/restart.txt").stat().st_mtime_ns > touched.st_mtime_ns
    assert app.joinpath(first, "packages/click/core.py").samefile(
        app.joinpath(second, "packages/click/core.py")
    )
    answer, installer = ask(home, "/api/health", "/install-runner.sh")
    assert second.name == answer.json()["revision"]
    assert f"backend={installer.url.removesuffix('/install-runner.sh')}\n" in installer.text
    assert '"path": "/api/health"' in (app / "logs/deployr.log").read_text()

    with (app / ".env").open("a") as settings:
        settings.write(S3)
    assert 0 == (done := deploy(home)).returncode, done.stderr
    assert (app / "current/packages/boto3").is_dir()
    assert not app.joinpath("releases", second.name, "packages/boto3").exists()
    assert "The bucket logs does not do as it is asked" in done.stdout


@pytest.mark.parametrize(
    ("mode", "told"), [(None, "is missing: write"), (0o644, "can be read by others: chmod 600 it")]
)
def test_without_private_settings_nothing_is_touched(home, mode, told):
    if mode:
        write_settings(home, "")
        (home / "deployr/.env").chmod(mode)

    done = deploy(home)

    assert 1 == done.returncode
    assert told in done.stderr
    assert {".env"} >= {path.name for path in (home / "deployr").iterdir()}


def test_second_deployment_does_not_disturb_the_first(home):
    write_settings(home, "")
    (home / "deployr/releases").mkdir()
    with (home / "deployr/releases/.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = deploy(home)

    assert 1 == done.returncode
    assert "The deployment failed: another deployment is running" in done.stderr
    assert [".lock"] == [path.name for path in (home / "deployr/releases").iterdir()]


def test_program_that_outlives_a_killed_deployment_is_waited_for(home):
    """It may still write where the next one would."""
    write_settings(home, "")
    clone, git = home / "repositories/deployr", home / "bin/git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\necho >begun; exec sleep 600\n")
    git.chmod(0o755)
    first = subprocess.Popen(
        [sys.executable, "-m", "tools.cpanel.deploy", str(home / "deployr")], cwd=clone,
        env={**os.environ, "PATH": f"{git.parent}:{os.environ['PATH']}"}, start_new_session=True,
    )  # fmt: skip
    try:
        assert any((clone / "begun").exists() for _ in pauses(60))
        first.kill()
        first.wait()
        assert "another deployment is running" in deploy(home).stderr
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_python_that_was_named_is_taken_or_refused(home):
    """Packages for another one would not load under the host's."""
    write_settings(home, "")
    done = deploy(home, home / "no-python")

    assert 1 == done.returncode
    assert f"no Python >= 3.11 in PYTHON={home}/no-python: " in done.stderr
    assert [".env"] == [path.name for path in (home / "deployr").iterdir()]


@pytest.mark.parametrize("last", ["3.11", "3.12"])
def test_environment_that_was_made_last_is_taken(home, last):
    """After a change of the Python app's version both are there."""
    for number, version in enumerate(sorted(("3.11", "3.12"), key=last.__eq__)):
        venv = home / "virtualenv" / "deployr" / version
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/python").write_text(f'#!/bin/sh\n[ "$1" = -c ] || echo "{version} $*"\n')
        (venv / "bin/python").chmod(0o755)
        os.utime(venv, (number, number))

    assert f"{last} -m tools.cpanel.deploy {home}/deployr\n" == deploy(home, "").stdout
