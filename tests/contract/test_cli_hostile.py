"""Whatever texts a backend holds, the command line prints them without driving the terminal."""

import re

import pytest
from sqlalchemy import String, Text, update

from app.extensions import db
from tests.factories import COMMIT, chunk, report

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\r\x08\x00<script>{{7*7}}'--"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DRIVES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FIXED = {
    # Words of ours, and digests: an answer with anything else in them is refused by the backend.
    *("status", "action", "role", "scope", "state", "target", "framework", "act", "reason"),
    *("token", "old_token", "code", "session", "hash", "before", "request", "key", "subject"),
    *("nonce", "claim_id", "slot_key", "logs_path", "queue", "late_result"),
    # What commands find their project by.
    *("projects.name", "projects.repo_url", "environment", "handle", "email", "detail"),
}
COMMANDS = (
    *("whoami", "projects", "status", "logs", "jobs", "releases", "runners", "tokens", "audit"),
    *("members", "members invitations", "invitations"),
)


def _poison(connection):
    """Put the text into every column that holds a text of somebody's."""
    done = 0
    for table in db.metadata.sorted_tables:
        columns = [
            column.name
            for column in table.columns
            if isinstance(column.type, String | Text)
            and not {column.name, f"{table.name}.{column.name}"} & FIXED
            and not column.primary_key
        ]
        if columns:
            done += connection.execute(
                update(table).values(dict.fromkeys(columns, HOSTILE))
            ).rowcount
    connection.execute(update(db.metadata.tables["deployment_jobs"]).values(detail=HOSTILE))
    return done


@pytest.fixture
def poisoned(backend, hand_runner, deployr, checkout):
    """A project with all that there is, and the text in all of it."""
    checkout.commit("add", deploy_yaml="project: {name: shop, framework: static}\n")
    checkout.push()
    project = backend.ask(
        "POST", "/api/projects", {"name": "shop", "repo_url": checkout.url}
    ).json()
    path = f"/api/projects/{project['id']}/invitations"
    backend.ask("POST", path, {"github_login": "grace", "role": "viewer"})
    backend.ask("POST", "/api/jobs", {"project_id": project["id"]})
    job_id, _ = hand_runner.claim_next()
    release = {"name": "20260203180000-1", "commit": COMMIT, "state": "live"}
    step = {"name": "build", "seconds": 1, "ok": False}
    told = report(
        detail="sick", url="https://a.example", path="/srv", release=release, steps=[step]
    )
    log = chunk(0, HOSTILE.encode())
    hand_runner.post(job_id, "failed", data=told, log=log, log_final_bytes=log["len"])
    with backend.app.app_context(), db.engine.begin() as connection:
        assert _poison(connection) > 8
    return deployr


def test_no_command_lets_it_drive_the_terminal(poisoned):
    shown = 0
    for command in COMMANDS:
        for form in ((), ("--json",)):
            said = poisoned(*command.split(), *form)
            text = said.out + said.err
            drives = set(DRIVES.findall(COLOUR.sub("", text)))
            # A log may write over its own lines.
            own = {"\r"} if command == "logs" else set()
            assert (command, set()) == (command, drives - own)
            assert "bug in deployr" not in text, command
            shown += "<script>" in text
    assert shown > len(COMMANDS)
