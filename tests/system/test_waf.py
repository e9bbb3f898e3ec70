"""Every word of a deployment passes a web application firewall, in both directions.

The installer and the wheel are in test_waf_files.py.
"""

import base64
import json
import random

import pytest

from deployr.logchunk import MAX_CHUNK_BYTES, LogChunk
from deployr.wire import MAX_BODY_BYTES, Release, Report, Step, wrapped
from tests.support.hosted import BRANCH, HOSTILE, MANIFEST, NOISE, SICK, noise
from tests.support.live import HandRunner
from tools.demo.processes import pauses

CHUNKS = 200
COMMIT = "a" * 40
BARE = "https://203.0.113.7/app.git"
LONG = "cat hostile.txt noise.txt"
QUICK = MANIFEST.replace(LONG, "cat hostile.txt")


def status(hosted, *job):
    """Return what `deployr status` says."""
    return json.loads(hosted.run("deployr", "--json", "status", *job).stdout)


def test_deployment_ends_with_its_whole_log(hosted):
    """Five megabytes in many pieces, and before them what reads like attacks."""
    pushed = hosted.deploy(MANIFEST)

    assert pushed.returncode == 0, pushed.stderr[-4000:]
    job = json.loads(pushed.stdout)
    assert (BRANCH, str(hosted.path)) == (job["branch"], job["path"])
    # The rest of the log may come after the end: the rules read it slower than it is written.
    number = str(job["id"])
    assert any(status(hosted, number)["logs_complete"] for _ in pauses(240))
    lines = hosted.run("deployr", "logs", number).stdout.splitlines()
    assert noise(NOISE).splitlines() == [line[-999:] for line in lines if len(line) >= 999]
    ends = HOSTILE.splitlines()
    assert [] == [end for end in ends if not any(line.endswith(end) for line in lines)]


def test_failed_health_check_is_told(hosted):
    """The address of the page and the hook for failures are in the report and the log."""
    pushed = hosted.deploy(QUICK + SICK)

    assert 1 == pushed.returncode
    job = json.loads(pushed.stdout)
    assert "health_check_failed" == job["reason"]
    assert "http://127.0.0.1:9/etc/passwd?c=;cat+x: no answer" in job["detail"]
    assert "<?php phpinfo();" in pushed.stderr


def test_running_job_is_cancelled(hosted):
    queued = hosted.deploy(MANIFEST.replace(LONG, "sleep 600 || id"), "--no-follow")
    job = str(json.loads(queued.stdout)["id"])
    assert any("sleep 600 || id" in hosted.run("deployr", "logs", job).stdout for _ in pauses(120))

    hosted.run("deployr", "cancel", job)

    assert any(status(hosted, job)["reason"] == "cancelled" for _ in pauses(120))


def test_lists_and_changes(hosted):
    """A project of an unlucky name, found by its name, moved to a bare address and listed."""
    assert hosted.deploy(QUICK).returncode == 0
    made = hosted.ask("POST", "/api/projects", wrapped({"name": "web.config", "repo_url": BARE}))
    assert made.status_code == 201, made.text
    hosted.run("deployr", "projects", "update", "web.config", "--branch", BRANCH)
    hosted.run("deployr", "projects", "update", "web.config", "--repo-url", f"{BARE}/")

    shown = json.loads(hosted.run("deployr", "--json", "projects", "show", "web.config").stdout)
    jobs = json.loads(hosted.run("deployr", "--json", "jobs").stdout)
    runners = json.loads(hosted.run("deployr", "--json", "runners").stdout)

    assert (f"{BARE}/", BRANCH) == (shown["repo_url"], shown["branch"])
    assert {BRANCH} == {job["branch"] for job in jobs["jobs"]}
    assert "online" in {one["status"] for one in runners["runners"]}


@pytest.fixture
def claimed(hosted):
    """A runner driven by hand, for one test, and a job that it claimed."""
    hand = HandRunner(hosted, name="hand", hostname="10.0.0.5", labels=["php", "web.config"[:3]])
    runners = hosted.ask("GET", "/api/runners").json()["runners"]
    (runner_id,) = (one["id"] for one in runners if one["name"] == "hand")
    fields = {"name": "wp-config.php", "repo_url": BARE, "runner_id": runner_id}
    project = hosted.ask("POST", "/api/projects", wrapped(fields)).json()
    queued = hosted.ask("POST", "/api/jobs", {"project_id": project["id"]})
    assert queued.status_code == 201, queued.text
    job_id, _ = hand.claim_next()
    yield hand, job_id
    # With two runners the other tests' project would have to name its own.
    hosted.run("deployr", "runners", "revoke", "hand", "--yes")


def test_random_chunks_and_a_report(hosted, claimed):
    """Base64 of what is packed is any letters in any order: none of them may look like anything."""
    hand, job_id = claimed
    dice = random.Random(1)
    sizes = [MAX_CHUNK_BYTES] * 20 + [dice.randint(1, 16 * 1024) for _ in range(CHUNKS - 20)]
    log = b""
    for size in sizes:
        raw = dice.randbytes(size)
        chunk = LogChunk.pack(len(log), raw).model_dump()
        answer = hand.post(job_id, "running", log=chunk)
        assert answer.status_code == 200, answer.text
        log += raw
    report = Report(
        detail=HOSTILE,
        path="/var/www/../../etc/passwd",
        url="http://203.0.113.7/?c=;cat%20/etc/passwd",
        commit=COMMIT,
        release=Release(name="20260203-180000", commit=COMMIT, state="live"),
        steps=tuple(Step(name=line[:64], seconds=1) for line in HOSTILE.splitlines()),
    )
    hand.finish(job_id, report, log_bytes=len(log), exit_code=1, status="failed")

    job = hosted.ask("GET", f"/api/jobs/{job_id}?log_from=0").json()
    assert (HOSTILE, report.url) == (job["detail"], job["url"])
    assert len(report.steps) == len(job["steps"])
    assert log == read_log(hosted, job_id)


def read_log(hosted, job_id):
    """Return the bytes of a log, piece by piece."""
    log, complete = b"", False
    while not complete:
        piece = hosted.ask("GET", f"/api/jobs/{job_id}?log_from={len(log)}").json()["log"]
        log += base64.b64decode(piece["data"])
        complete = piece["complete"]
    return log


@pytest.mark.parametrize(
    ("expected", "method", "path", "body"),
    [
        (401, "POST", "/api/runner/register", wrapped({"code": "dpc_;id", "name": "web.config"})),
        (403, "GET", "/api/runner/jobs?slots=1&protocol=1", None),
        (404, "GET", "/api/jobs/999999", None),
        (405, "GET", "/api/runner/register", None),
        (413, "POST", "/api/projects", {"data": "A" * (MAX_BODY_BYTES + 4096)}),
        (422, "POST", "/api/projects", wrapped({"name": "<?php", "repo_url": "; rm -rf /tmp/x"})),
        (400, "POST", "/api/projects", {"data": base64.b64encode(b"<?php").decode()}),
    ],
)
def test_refusals_arrive_as_the_backend_wrote_them(hosted, expected, method, path, body):
    answer = hosted.ask(method, path, body)

    assert expected == answer.status_code
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert expected == answer.json()["status"]


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (200, "/"),
        (200, "/static/home.css"),
        (200, "/api/openapi.json"),
        (200, "/api/health"),
        (404, "/nothing"),
    ],
)
def test_pages_arrive(hosted, expected, path):
    assert expected == hosted.ask("GET", path).status_code
