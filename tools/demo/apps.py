"""What each example app needs on the server beside the runner: its secrets and a web server."""

import os
import shutil
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path

from tools.demo import processes
from tools.demo.ports import free_port
from tools.demo.system import CHECKOUT, DeployrSystem
from tools.ensure_node import node_directory

APPS = ("static", "nextjs", "laravel")
LARAVEL_PACKAGES = "php-cli php-xml php-mbstring php-sqlite3 composer php-laravel-framework"
ANSWER_SECONDS = 60


def find_tools(app: str) -> str | None:
    """Put what the app is built with on PATH; say what is missing and how to get it."""
    if app == "nextjs":
        path = node_directory(Path(sys.executable))
        os.environ["PATH"] = f"{path}{os.pathsep}{os.environ['PATH']}"
    if app == "laravel" and not all(map(shutil.which, ("php", "composer"))):
        return f"APP=laravel needs PHP, composer and Laravel: apt-get install {LARAVEL_PACKAGES}"
    return None if shutil.which("git") else "The demo needs git: apt-get install git"


def write_secrets(app: str, system: DeployrSystem) -> None:
    """Give the runner what only the server knows: Laravel's key, in the project's env file."""
    if app != "laravel":
        return
    key = subprocess.check_output(["php", "-r", "echo base64_encode(random_bytes(32));"], text=True)
    database = system.root / "server" / "database.sqlite"
    database.touch()
    system.write_env_file(
        "laravel", f"APP_KEY=base64:{key}\nDB_CONNECTION=sqlite\nDB_DATABASE={database}\n"
    )


def serve(app: str, system: DeployrSystem) -> str:
    """Start the app's web server on a free port and return the URL that it will answer at."""
    port = free_port()
    system.path.mkdir(parents=True, exist_ok=True)
    current = str(system.path / "current")
    argv = [sys.executable, "-m", "tools.demo.serve", app, current, str(port)]
    system.start(argv, "web", PYTHONPATH=str(CHECKOUT))
    return f"http://127.0.0.1:{port}/"


def answers(url: str, text: str) -> bool:
    """Tell whether the page at `url` comes to show `text` within a minute."""
    return any(text in page(url) for _ in processes.pauses(ANSWER_SECONDS))


def page(url: str) -> str:
    """Return the page at `url`, or nothing when it does not answer with success."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            body: bytes = answer.read()
    except (OSError, HTTPException):  # refused, late, broken off, or answered with an error
        return ""
    return body.decode(errors="replace")
