"""The installer and the wheel pass the firewall in the content types that the design gives them.

The backend does not serve them yet: a plain server stands for it, so that the types are known to
work before it does.
"""

import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.support.apache import Apache

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Path → content type and bytes."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    for name in ("deployr", "cli", "runner"):
        shutil.copytree(ROOT / name, tree / name)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, tree], check=True)
    (wheel,) = folder.glob("deployr-*.whl")
    script = (ROOT / "install-runner.sh").read_bytes()
    return {
        "/install-runner.sh": ("application/x-sh", script),
        f"/dist/{wheel.name}": ("application/octet-stream", wheel.read_bytes()),
    }


@pytest.fixture(scope="module")
def apache(files):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, data = files.get(self.path, ("text/plain", b"-"))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with Apache(f"http://127.0.0.1:{server.server_port}") as found:
        yield found
    server.shutdown()
    server.server_close()
    thread.join()


def test_installer_and_wheel_arrive_whole(apache, files):
    for path, (kind, data) in files.items():
        answer = requests.get(apache.url + path, headers={"Accept": "*/*"}, timeout=30)

        assert (200, kind) == (answer.status_code, answer.headers["Content-Type"])
        assert data == answer.content
    assert [] == apache.denials()
