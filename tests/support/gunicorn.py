"""The backend behind gunicorn, started as an operator starts it, and nginx before several of them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.support.databases import at
from tools.demo.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
HEALTH = "/api/health"


@contextmanager
def running(argv: Sequence[str], log: Path, url: str, **env: str) -> Iterator[str]:
    """Run a server until the end of the block; yield its URL once it answers."""
    whole = {"PATH": os.environ["PATH"], "HOME": str(log.parent), **env}
    with log.open("ab") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=whole, stdout=out, stderr=out)
    try:
        end = time.monotonic() + START_SECONDS
        while not answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@contextmanager
def gunicorn(database_url: str, workers: int = 2, **env: str) -> Iterator[str]:
    """Serve the backend on this database; yield its URL."""
    port = free_port()
    settings = {name: str(value) for name, value in at(database_url).items()}
    settings |= {"PORT": str(port), "WEB_CONCURRENCY": str(workers), **env}
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "gunicorn"]
        log = Path(folder) / "log"
        with running(argv, log, f"http://127.0.0.1:{port}", **settings) as url:
            yield url


@contextmanager
def nginx(backends: Sequence[str]) -> Iterator[str]:
    """Run nginx as docs/scaling.md configures it before these backends; yield its URL."""
    port = free_port()
    servers = "\n".join(
        f"    server {url.removeprefix('http://')} max_fails=0;" for url in backends
    )
    text = (ROOT / "docs/scaling.md").read_text()
    site = text.partition("```nginx\n")[2].partition("```")[0]
    for old, new in {
        "    server 10.0.0.1:8000 max_fails=0;\n    server 10.0.0.2:8000 max_fails=0;": servers,
        "listen 80;": f"listen 127.0.0.1:{port};",
    }.items():
        assert old in site, old
        site = site.replace(old, new)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds)
        conf = home / "nginx.conf"
        conf.write_text(
            f"daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
            f"http {{ access_log off;\n{temporary}{site} }}\n"
        )
        argv = ["/usr/sbin/nginx", "-e", f"{home}/error.log", "-c", str(conf)]
        yield stack.enter_context(running(argv, home / "log", f"http://127.0.0.1:{port}"))


def answers(url: str) -> bool:
    """Tell whether a backend is well."""
    try:
        return requests.get(url + HEALTH, timeout=30).status_code == 200
    except requests.RequestException:
        return False
