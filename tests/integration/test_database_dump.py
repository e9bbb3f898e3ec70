"""After everything was done once, a dump of the database leads nowhere, nor do the logs.

People sign in by token and by browser, a runner registers, rotates its token and deploys an app
whose build prints its secrets, somebody is invited, the audit log is read.
"""

import base64
import gzip

import pytest
from sqlalchemy import LargeBinary, create_engine, text
from sqlalchemy.sql import bindparam

from tests.support.databases import KINDS, new_database
from tests.support.dump import dump
from tests.support.full_run import FullRun
from tests.support.traces import found_in

MUST_REGISTER = {"registration code", "runner's first token", "runner's second token"}
"""What the runner says to the backend, and to nobody else."""


@pytest.fixture(scope="module", params=KINDS)
def url(request):
    return new_database(request.param)


@pytest.fixture(scope="module")
def full_run(tmp_path_factory, url):
    with FullRun(tmp_path_factory.mktemp("full"), url) as run:
        run.play()
        yield run


@pytest.fixture(scope="module")
def held(full_run, url):
    """The dump, before anything is planted."""
    return dump(url)


def names_found(run, where):
    """Return the names of the secrets that stand in some bytes."""
    return {name for name, value in run.secrets.items() if found_in(where, [value])}


def test_everything_was_done(full_run):
    assert ["completed"] * 2 == [full_run.pushed["status"], full_run.pushed_again["status"]]
    log = full_run.ask("GET", f"/api/jobs/{full_run.pushed['id']}")["logs"]
    assert log.count("[masked]") > 6
    acts = {event["act"] for event in full_run.ask("GET", "/api/audit?limit=100")["events"]}
    assert {"user.signed_in", "token.revoked", "runner.rotated", "member.joined"} <= acts
    assert len(set(full_run.secrets.values())) > 18


def test_dump_holds_no_secret(full_run, held):
    assert b"deployment_jobs" in held
    assert b"$ base64 -w0 secrets.txt" in held  # of the unpacked log
    assert set() == names_found(full_run, held)


def test_planted_secret_would_be_found(full_run, held, url):
    """In a text, encoded; in a log, packed."""
    token, code = full_run.secrets["session"], full_run.secrets["registration code"]
    shifted = base64.b64encode(b"x" + token.encode()).decode()
    packed = gzip.compress(f"see {code}".encode())
    plant = text("UPDATE job_logs SET data = :packed WHERE job_id = :job").bindparams(
        bindparam("packed", type_=LargeBinary)
    )
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE projects SET branch = :text"), {"text": shifted})
        connection.execute(plant, {"packed": packed, "job": full_run.pushed_again["id"]})
    engine.dispose()

    assert {"session", "registration code"} == names_found(full_run, dump(url))


def test_runner_sends_no_secret_but_its_own_token(full_run):
    said = full_run.recorder.said

    assert b"[masked]" in said
    assert MUST_REGISTER == names_found(full_run, said)


def test_logs_of_backend_and_runner_hold_no_secret(full_run):
    for name in ("backend", "runner"):
        written = (full_run.system.root / f"{name}.log").read_bytes()

        assert written
        assert set() == names_found(full_run, written)
