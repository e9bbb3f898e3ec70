"""The demo as the user sees it: `python -m tools.demo static|nextjs|laravel`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.demo import processes
from tools.demo.system import CHECKOUT, EXAMPLES, DeployrSystem
from tools.ensure_node import node_directory

APPS = ("static", "nextjs", "laravel")
LARAVEL_PACKAGES = "php-cli php-xml php-mbstring php-sqlite3 composer php-laravel-framework"
ANSWER_SECONDS = 30


def main() -> int:
    """Run the demo; the exit code is 0 when the deployed app answers with the pushed commit."""
    app = sys.argv[1] if len(sys.argv) > 1 else "static"
    if app not in APPS:
        print(f"There is no demo for {app!r}; APP is one of: {', '.join(APPS)}")
        return 2
    if problem := _missing(app):
        print(problem)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    root = Path(tempfile.mkdtemp(prefix="deployr-demo-"))
    try:
        with DeployrSystem(root) as system:
            return _demo(app, system)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _missing(app: str) -> str | None:
    """Say what the machine lacks for this app, and how to get it."""
    if app == "nextjs":
        path = node_directory(Path(sys.executable))
        os.environ["PATH"] = f"{path}{os.pathsep}{os.environ['PATH']}"
    if app == "laravel" and not all(map(shutil.which, ("php", "composer"))):
        return f"APP=laravel needs PHP, composer and Laravel: apt-get install {LARAVEL_PACKAGES}"
    return None if shutil.which("git") else "The demo needs git: apt-get install git"


def _demo(app: str, system: DeployrSystem) -> int:
    others = ", ".join(f"APP={other}" for other in APPS if other != app)
    _say(f"Deploying examples/{app} (also: {others})")
    _say("1. A git repository with an origin, as a developer has it")
    system.create_project(EXAMPLES / app)
    _say("2. The backend, on SQLite")
    system.start_backend()
    _say(f"3. A runner; its owner lets it deploy to {system.path}")
    _write_secrets(app, system)
    system.register_runner()
    url = f"http://127.0.0.1:{_serve(app, system)}/"
    _say("4. deployr push")
    if code := system.push().returncode:
        return code
    commit = system.run("git", "rev-parse", "HEAD").stdout.strip()
    if not _answers(url, commit):
        print(f"{url} does not show commit {commit}")
        return 1
    _say(f"The app answers at {url} with commit {commit[:12]}")
    return _stay(system)


def _write_secrets(app: str, system: DeployrSystem) -> None:
    """Give the runner what only the server knows: Laravel's key, in the env file of the project."""
    if app != "laravel":
        return
    key = subprocess.check_output(["php", "-r", "echo base64_encode(random_bytes(32));"], text=True)
    database = system.path / "shared" / "storage" / "database.sqlite"
    database.parent.mkdir(parents=True)
    database.touch()
    store = system.root / "server" / "config" / "env"
    store.mkdir(parents=True, mode=0o700)
    secrets = store / "laravel.production.env"
    secrets.touch(mode=0o600)
    secrets.write_text(f"APP_KEY=base64:{key}\nDB_CONNECTION=sqlite\nDB_DATABASE={database}\n")


def _serve(app: str, system: DeployrSystem) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    system.path.mkdir(parents=True, exist_ok=True)
    current = str(system.path / "current")
    argv = [sys.executable, "-m", "tools.demo.serve", app, current, str(port)]
    system.start(argv, "web", PYTHONPATH=str(CHECKOUT))
    return port


def _answers(url: str, commit: str) -> bool:
    for _ in processes.pauses(ANSWER_SECONDS):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if commit in answer.read().decode():
                    return True
        except (urllib.error.URLError, ConnectionError):
            continue
    return False


def _stay(system: DeployrSystem) -> int:
    if os.environ.get("ONCE") or not sys.stdin.isatty():
        return 0
    _say(f"Try it: cd {system.repo}, change the app, commit, git push, then")
    _say(f"        DEPLOYR_CONFIG_DIR={system.root}/developer {sys.prefix}/bin/deployr push")
    _say("Ctrl-C stops the demo and removes everything.")
    while True:
        time.sleep(3600)


def _say(text: str) -> None:
    print(f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
