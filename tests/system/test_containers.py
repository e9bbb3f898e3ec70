"""Dockerfile and compose.yaml: what they say is done here, but for the containers."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.dockerfile import ROOT, Image, context
from tests.support.mariadb import MariaDb
from tools.demo.ports import free_port

START_SECONDS = 120
SECRETS = {"DB_PASSWORD": "deployr", "DEPLOYR_SECRET_KEY": "x" * 40}


def compose(**env: str) -> "subprocess.CompletedProcess[str]":
    argv = ["/usr/bin/docker-compose", "--file", "compose.yaml", "--profile", "runner", "config"]
    return subprocess.run(
        argv, cwd=ROOT, env={"PATH": "/usr/bin", **env}, check=False, capture_output=True, text=True
    )


def services() -> dict[str, dict]:
    """Return the services as Compose reads them."""
    done = compose(**SECRETS)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict] = yaml.safe_load(done.stdout)["services"]
    return found


@pytest.fixture
def server():
    """A database for `db`, with the user and the database that its variables name."""
    env = services()["db"]["environment"]
    with MariaDb() as server:
        with server._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {env['MARIADB_DATABASE']}")
        assert ("deployr", "deployr") == (env["MARIADB_USER"], env["MARIADB_PASSWORD"])
        yield server


def until(is_true):
    end = time.monotonic() + START_SECONDS
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_dockerfile_has_no_fault_that_hadolint_knows():
    hadolint = str(Path(sys.executable).parent / "hadolint")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, check=False, capture_output=True)
    assert (0, b"") == (done.returncode, done.stdout)


def test_builder_is_sent_what_it_copies_and_nothing_else():
    """No .env, .git or database of a checkout reaches an image."""
    first, *rest = (ROOT / ".dockerignore").read_text().split()
    sent = {line.removeprefix("!") for line in rest if line.startswith("!")}
    copied = set().union(*map(context, ("dist", "backend", "runner")))
    lists = {source for source in copied if source.startswith("requirements/")}
    assert ("*", copied - lists) == (first, sent - {"requirements/*.txt"})
    assert {"**/__pycache__"} == {line for line in rest if not line.startswith("!")}


@pytest.mark.parametrize("missing", SECRETS)
def test_compose_asks_for_what_is_missing(missing):
    done = compose(**{name: value for name, value in SECRETS.items() if name != missing})
    assert done.returncode != 0
    assert "is needed in .env" in done.stderr


def test_commands_bring_up_a_backend_and_a_runner(server, tmp_path):
    """Built, migrated, served, healthy; then a runner registers and is online."""
    backend = Image("backend", tmp_path / "backend")
    said = services()
    port = free_port()
    env = {name: str(value or "") for name, value in said["backend"]["environment"].items()}
    url = env["DEPLOYR_DATABASE_URL"].replace("@db/", f"@127.0.0.1:{server.port}/")
    env |= {"DEPLOYR_DATABASE_URL": url, "PORT": str(port), "HOME": str(tmp_path)}
    migrated = backend.run(said["migrate"]["command"], **env)
    assert migrated.returncode == 0, migrated.stderr
    health = backend.argv["HEALTHCHECK"]
    assert backend.run(health, **env).returncode == 1
    log = tmp_path / "log"
    serving = backend.start(backend.argv["CMD"], log, **env)
    try:
        until(lambda: backend.run(health, **env).returncode == 0)
        check_installer(backend, f"http://127.0.0.1:{port}")
        check_runner(backend, env, f"http://127.0.0.1:{port}", tmp_path)
    finally:
        serving.terminate()
        serving.wait(START_SECONDS)
    assert serving.returncode == 0, log.read_text()


def check_installer(backend: Image, url: str) -> None:
    """The line that makes a server a runner finds what it needs."""
    script = backend.run(["curl", "-sSf", f"{url}/install-runner.sh"]).stdout
    assert f"\nbackend={url}\n" in script
    (wheel,) = re.findall(r"^release_wheel='(.+)'$", script, re.MULTILINE)
    for name in (wheel, "runner-requirements.txt"):
        done = backend.run(["curl", "-sSf", "--output", "/dev/null", f"{url}/dist/{name}"])
        assert done.returncode == 0, done.stderr


def check_runner(backend: Image, env: dict[str, str], url: str, place: Path) -> None:
    """Register a runner with a user's code and let it run until it is online."""
    create = ["flask", "deployr", "user", "create", "--name", "Ada", "--email", "ada@example.com"]
    made = backend.run(create, **env)
    token = next(word for word in made.stdout.split() if word.startswith("dpu_"))

    def ask(method: str, path: str) -> dict:
        argv = ["curl", "-sSf", "-X", method, "-H", f"Authorization: Bearer {token}"]
        argv += [
            "-H",
            "Content-Type: application/json",
            *(["-d", "{}"] if method == "POST" else []),
        ]
        answer: dict = json.loads(backend.run([*argv, url + path]).stdout)
        return answer

    runner = Image("runner", place / "runner")
    entry = runner.argv["ENTRYPOINT"]
    code = ask("POST", "/api/runners/codes")["code"]
    registered = runner.run([*entry, "register", "--url", url, "--code", code, "--name", "web-1"])
    assert registered.returncode == 0, registered.stderr
    running = runner.start([*entry, *runner.argv["CMD"]], place / "runner-log")
    try:
        until(lambda: ask("GET", "/api/runners")["runners"][0]["status"] == "online")
    finally:
        running.terminate()
        running.wait(START_SECONDS)
