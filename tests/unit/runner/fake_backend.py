"""A small real HTTP server that speaks docs/protocol.md to runners, and misbehaves on demand."""

import base64
import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deployr.logchunk import LogChunk
from deployr.tokens import TokenKind, make_token
from deployr.wire import JobSpec, Report, decode_base64

TOKEN = "dpr_" + "0" * 49
CODE = "dpc_" + "0" * 49
TIMES = re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE)


@dataclass
class FakeJob:
    """A job as the backend knows it."""

    payload: bytes
    status: str = "queued"
    claim_id: str | None = None
    log: bytearray = field(default_factory=bytearray)
    cancel: bool = False
    lost: bool = False
    end: dict[str, Any] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str:
        """The log without the times of its lines."""
        return TIMES.sub("", self.log.decode())

    @property
    def report(self) -> Report:
        return Report.from_data(self.end["data"])

    @property
    def reason(self) -> str | None:
        return self.end.get("reason")


class AnswerError(Exception):
    """An answer other than the true one."""

    def __init__(self, status: int, body: bytes | dict[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def refusal(status: int, code: str, **more: Any) -> AnswerError:
    return AnswerError(status, {"status": status, "code": code, "detail": f"It is {code}.", **more})


class FakeBackend:
    """State of the backend; tests read and change it while the server runs."""

    def __init__(self) -> None:
        self.jobs: dict[int, FakeJob] = {}
        self.interval = 0.05
        self.poll_after = 0.05
        self.lease_seconds = 300.0
        self.log_cap = 5 * 1024 * 1024
        self.faults: deque[AnswerError | None] = deque()
        """Given instead of the true answers to the next requests, after doing what they ask for;
        None is the true answer."""
        self.deaf = False
        """Whether it throws logs away and says nothing of it."""
        self.broken: set[int] = set()
        """Jobs about which no post gets through."""
        self.mute: set[int] = set()
        """Jobs about which no answer gets through."""
        self.polls = 0
        self.slots: list[int] = []
        """What each poll asked for."""
        self.tokens = {TOKEN}
        self.rotated: list[str] = []
        """The tokens that rotations made; none ends by itself."""
        self.registrations: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, spec: JobSpec | bytes) -> FakeJob:
        """Queue a job."""
        job = FakeJob(payload=spec if isinstance(spec, bytes) else spec.to_bytes())
        self.jobs[len(self.jobs) + 1] = job
        return job

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if path == "/api/runner/register":
                return self._register(body)
            if token not in self.tokens:
                raise refusal(401, "unauthorized")
            if path == "/api/runner/token":
                found = self._rotate()
            elif method == "GET" and path.startswith("/api/runner/jobs?"):
                found = self._poll(int(path.split("slots=")[1].split("&", maxsplit=1)[0]))
            else:
                found = self._about(int(path.split("/")[4]), body)
            if fault := self.faults.popleft() if self.faults else None:
                raise fault
            return found

    def _register(self, sent: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(decode_base64(sent["data"]))
        self.registrations.append(body)
        if body["code"] != CODE:
            raise refusal(401, "code_refused")
        return {"runner_id": 1, "name": body["name"], "token": TOKEN, "poll_after": 5}

    def _rotate(self) -> dict[str, Any]:
        token = make_token(TokenKind.RUNNER)
        self.tokens.add(token)
        self.rotated.append(token)
        return {"token": token}

    def _poll(self, slots: int) -> dict[str, Any]:
        self.polls += 1
        self.slots.append(slots)
        queued = [number for number, job in self.jobs.items() if job.status == "queued"]
        running = [number for number, job in self.jobs.items() if job.status == "running"]
        return {
            "candidates": [{"job_id": number} for number in queued[:5]],
            "cancel": [number for number in running if self.jobs[number].cancel],
            "poll_after": self.poll_after,
            "new_field": 1,
        }

    def _about(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        if number in self.broken:
            raise AnswerError(502, b"<html>Bad Gateway</html>")
        if number not in self.jobs:
            raise refusal(404, "not_found")
        found = self._status(self.jobs[number], body)
        if number in self.mute:
            raise AnswerError(502, b"<html>Bad Gateway</html>")
        return found

    def _status(self, job: FakeJob, body: dict[str, Any]) -> dict[str, Any]:
        job.posts.append(body)
        claims = job.status == "queued" and body["status"] == "running"
        if claims:
            job.status, job.claim_id = "running", body["claim_id"]
        if job.lost:
            raise refusal(410, "claim_lost")
        if job.claim_id != body["claim_id"]:
            raise refusal(409, "not_claimable")
        self._take_end(job, body)
        self._append(job, body.get("log"))
        if job.end and len(job.log) >= min(job.end["log_final_bytes"], self.log_cap):
            job.finished.set()
        return self._standing(job)

    def _take_end(self, job: FakeJob, body: dict[str, Any]) -> None:
        if body["status"] != "running":
            job.status, job.end = body["status"], body

    def _append(self, job: FakeJob, log: dict[str, Any] | None) -> None:
        if log is None or self.deaf:
            return
        raw = LogChunk(**log).unpack()
        if log["off"] > len(job.log):
            raise refusal(409, "log_gap", ack=len(job.log))
        job.log += raw[len(job.log) - log["off"] :][: self.log_cap - len(job.log)]

    def _standing(self, job: FakeJob) -> dict[str, Any]:
        return {
            "status": job.status,
            "cancel": job.cancel,
            "lease_seconds": self.lease_seconds,
            "interval": self.interval,
            "ack": len(job.log),
            "log_full": len(job.log) >= self.log_cap,
            "log_cap": self.log_cap,
            "payload": base64.b64encode(job.payload).decode(),
        }


def _handler(backend: FakeBackend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait for each other's ACK

        def do_GET(self) -> None:
            self._serve({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            assert length <= 110 * 1024
            self._serve(json.loads(self.rfile.read(length)))

        def _serve(self, body: dict[str, Any]) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                found = backend.answer(self.command, self.path, token, body)
                answer = AnswerError(200, found)
            except AnswerError as other:
                answer = other
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler
