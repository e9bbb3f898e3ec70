"""The real backend on a loopback port, in a thread, and a hand-driven runner for it."""

import base64
import io
import threading
import time
import uuid
from typing import Any, Self

import requests
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.extensions import db
from app.services import accounts
from deployr.logchunk import LogChunk
from deployr.wire import JobSpec, Report
from tests.support.databases import at, empty_database


class LiveBackend:
    """A served backend with one user; `url` and `token` are what a client needs."""

    def __init__(self, kind: str = "sqlite", **config: object) -> None:
        """Serve on an empty database of this kind, or on the one that `config` names."""
        url = config.get("DEPLOYR_DATABASE_URL") or empty_database(kind)
        self.app: Flask = create_app(at(str(url)) | config)
        with self.app.app_context():
            _, self.token = accounts.create_user("Ada", "ada@example.com")
        self.log = io.StringIO()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self.app.app_context():
            db.engine.dispose()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        # A server has an error stream of its own: what it logs is not said by the command line.
        return self.app(environ | {"wsgi.errors": self.log}, start_response)

    def _serve(self) -> None:
        # The default looks for a shutdown only twice a second: slow for many short tests.
        self._server.serve_forever(poll_interval=0.02)

    def another_user(self, email: str) -> str:
        """Create one more user and return their token."""
        with self.app.app_context():
            return accounts.create_user(email.partition("@")[0].title(), email)[1]

    def ask(
        self, method: str, path: str, body: Any = None, token: str = "", key: str = ""
    ) -> requests.Response:
        """Send one request as the user, or with another token; `key` says that it is repeated."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        headers |= {"Idempotency-Key": key} if key else {}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)


def register(backend: LiveBackend, code: str, name: str, **facts: object) -> str:
    """Register a runner for whoever made the code and return its token."""
    body = {"code": code, "name": name, **facts}
    answer = requests.post(f"{backend.url}/api/runner/register", json=body, timeout=60)
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


class HandRunner:
    """A runner whose every step the test decides."""

    def __init__(self, backend: LiveBackend, name: str = "web-1", **facts: object) -> None:
        """Register with a code of the user's."""
        self._backend = backend
        code = backend.ask("POST", "/api/runners/codes", {}).json()["code"]
        self.token = register(backend, code, name, **facts)
        self.claim_id = str(uuid.uuid4())

    def poll(self) -> dict[str, Any]:
        """Ask for work."""
        found: dict[str, Any] = self._ask("GET", "/api/runner/jobs?slots=1&protocol=1").json()
        return found

    def post(self, job_id: int, status: str, **fields: object) -> requests.Response:
        """Post a status with this runner's claim."""
        body = {"status": status, "claim_id": self.claim_id, **fields}
        return self._ask("POST", f"/api/runner/jobs/{job_id}/status", body)

    def claim_next(self) -> tuple[int, JobSpec]:
        """Claim the first candidate and return its id and what it asks for."""
        job_id = self.poll()["job_id"]
        answer = self.post(job_id, "running")
        assert answer.status_code == 200, answer.text
        return job_id, JobSpec.from_bytes(base64.b64decode(answer.json()["payload"]))

    def claim_when_there_is_one(self) -> tuple[int, JobSpec]:
        """Wait for a job and claim it, under a claim of its own."""
        deadline = time.monotonic() + 60
        while self.poll()["job_id"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.claim_id = str(uuid.uuid4())
        return self.claim_next()

    def log(self, job_id: int, text: str, offset: int = 0) -> requests.Response:
        """Send a piece of log."""
        chunk = LogChunk.pack(offset, text.encode()).model_dump()
        return self.post(job_id, "running", log=chunk)

    def finish(self, job_id: int, report: Report, log_bytes: int = 0, **fields: object) -> None:
        """End the job."""
        status = fields.pop("status", "completed")
        answer = self.post(
            job_id, str(status), data=report.to_data(), log_final_bytes=log_bytes, **fields
        )
        assert answer.status_code == 200, answer.text

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._backend.ask(method, path, body, token=self.token)
