"""The backend's own log: a JSON object a line, with request and job, without secrets."""

import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.log import MASK, masker
from deployr.tokens import TokenKind, make_token
from tests.factories import make_job
from tests.support.backend import Api

CLIENT_SECRET = "github-client-secret-of-tests"
TICK = "a-token-for-the-cron-of-tests"


@pytest.fixture
def log(capsys):
    """Return what was logged since the last look."""

    def read():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return read


def _requests(lines):
    return [line for line in lines if line["event"] == "request"]


def test_each_request_is_a_line_of_json(ada, log):
    log()
    answer = ada.get("/api/jobs", status="failed")

    (line,) = _requests(log())
    assert ("GET", "/api/jobs", 200) == (line["method"], line["path"], line["status"])
    assert answer.headers["X-Request-Id"] == line["request_id"]
    assert f"user:{ada.id}" in line["actor"]
    assert "failed" not in json.dumps(line)  # no query: it may hold anything
    assert {"timestamp", "level", "ms", "address"} <= set(line)


def test_lines_name_the_job(ada, log):
    job = make_job(ada)
    log()
    ada.read(f"/api/jobs/{job['id']}")

    assert [job["id"]] == [line["job_id"] for line in _requests(log())]


def test_request_ids_differ_and_are_ours(anyone):
    ids = [anyone.get("/api/health").headers["X-Request-Id"] for _ in range(20)]

    assert 20 == len(set(ids))


def test_polls_that_find_nothing_are_not_told(runner, log):
    log()
    runner.read("/api/runner/jobs")

    assert [] == log()


def test_refused_polls_are_told(app, log):
    Api(app).get("/api/runner/jobs")

    assert [401] == [line["status"] for line in _requests(log())]


def test_errors_are_told_with_their_request(app, anyone, log):
    @app.get("/api/broken")
    def broken():
        raise RuntimeError(f"no luck with {CLIENT_SECRET} and Bearer abc")

    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    answer = anyone.get("/api/broken")

    (error,) = [line for line in log() if line["level"] == "error"]
    assert 500 == answer.status_code
    assert "RuntimeError" in error["exception"]
    assert answer.headers["X-Request-Id"] == error["request_id"]
    assert answer.headers["X-Request-Id"] in answer.json["detail"]
    assert "no luck" not in answer.text


def test_settings_that_are_secret_never_reach_the_log(make_app, log):
    app = make_app(
        DEPLOYR_GITHUB_CLIENT_SECRET=CLIENT_SECRET,
        DEPLOYR_TICK_TOKEN=TICK,
        DEPLOYR_SECRET_KEY="k" * 40,
    )
    app.logger.warning("%s and %s and %s", CLIENT_SECRET, TICK, "k" * 40)

    (line,) = log()
    assert f"{MASK} and {MASK} and {MASK}" == line["event"]


@pytest.mark.parametrize(
    "secret",
    [
        *(pytest.param(make_token(kind), id=kind) for kind in TokenKind),
        "gho_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
    ],
)
@pytest.mark.parametrize("text", ["{}", "Authorization: Bearer {}", "https://x:{}@git.example/a"])
def test_tokens_are_masked_wherever_they_stand(secret, text):
    mask = masker([])
    told = mask(None, "", {"event": text.format(secret), "more": {"list": [text.format(secret)]}})

    assert secret not in json.dumps(told)
    assert MASK in told["event"]


def test_values_with_telling_names_are_masked_whole():
    told = masker([])(
        None, "", {"password": "x", "headers": {"Cookie": "a=b"}, "code": "1", "n": 1}
    )

    assert {"password": MASK, "headers": {"Cookie": MASK}, "code": MASK, "n": 1} == told


def test_parameters_of_statements_are_not_logged(app, log):
    value = str(hash("hunter"))  # the traceback shows this line
    with app.app_context():
        try:
            db.session.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": value})
        except DBAPIError:
            app.logger.exception("refused")

    (line,) = log()
    assert "nowhere" in line["exception"]
    assert value not in json.dumps(line)


def test_level_is_info():
    assert logging.INFO == logging.getLogger("app").level
