"""`flask deployr doctor`: what it finds, and that it says what to do."""

import threading
from contextlib import contextmanager

import boto3
import pytest
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.clock import system_clock
from app.extensions import db
from tests.support.databases import at, empty_database, hosting_account, new_database


def lines(app, *options):
    """Return exit code and level → sentences."""
    done = app.test_cli_runner().invoke(args=["deployr", "doctor", *options])
    found = {"ok": "", "warning": "", "problem": ""}
    level = ""
    for line in done.stdout.splitlines():
        level = line.split()[0] if line[0] != " " else level
        found[level] += f"{line}\n"
    with app.app_context():
        db.engine.dispose()
    return done.exit_code, found


@contextmanager
def served(answer):
    """Serve a WSGI app at a loopback address; the backend that is told to be there comes later."""
    place: dict[str, Flask] = {}
    server = make_server(
        "127.0.0.1", 0, lambda env, start: answer(place["app"], env, start), threaded=True
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings = {"CLOCK": system_clock, "DEPLOYR_PUBLIC_URL": url}
    try:
        place["app"] = create_app(at(empty_database("sqlite")) | settings)
        yield place["app"]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refuse(start, code, text):
    start(f"{code} Refused", [("Content-Type", "text/html")])
    return [text.encode()]


def without_tokens(app, env, start):
    env.pop("HTTP_AUTHORIZATION", None)
    return app(env, start)


def firewall(app, env, start):
    if env["REQUEST_METHOD"] == "POST":
        return refuse(start, 403, "<h1>Forbidden</h1>")
    return app(env, start)


def parked(app, env, start):
    return refuse(start, 200, "<h1>Coming soon</h1>")


def test_content_with_a_backend_that_works():
    with served(lambda app, env, start: app(env, start)) as app:
        code, found = lines(app)

    assert (0, "", "") == (code, found["warning"], found["problem"])
    assert f"{app.config['DEPLOYR'].public_url} answers." in found["ok"]


@pytest.mark.parametrize(
    ("answer", "told", "fix"),
    [
        (without_tokens, "The Authorization header does not arrive", "SetEnvIf Authorization"),
        (firewall, "A firewall on the way refuses logs of deployments: it answers 403", "ModSec"),
        (parked, "/api/health is answered with 200 by something else", "document root"),
    ],
)
def test_what_is_wrong_on_the_way(answer, told, fix):
    with served(answer) as app:
        code, found = lines(app)

    assert 1 == code
    assert told in found["problem"]
    assert fix in found["problem"]


@pytest.mark.parametrize(
    ("url", "level", "told"),
    [
        ("http://127.0.0.1:9", "problem", "http://127.0.0.1:9 does not answer from here"),
        ("http://deployr.example.com", "problem", "is not encrypted"),
        ("", "warning", "DEPLOYR_PUBLIC_URL is not set"),
    ],
)
def test_address_of_no_use(make_app, url, level, told):
    code, found = lines(make_app(DEPLOYR_PUBLIC_URL=url))

    assert 1 == code
    assert told in found[level]


def test_only_problems_keep_a_release_from_starting(make_app):
    """And of them only those that its start does not solve."""
    app = make_app(DEPLOYR_SECRET_KEY="ab" * 20)

    assert "looks made up" in lines(app)[1]["warning"]
    assert 0 == lines(app, "--before-start")[0]
    fresh = create_app(at(new_database("sqlite")))
    assert (0, "") == (
        lines(fresh, "--before-start")[0],
        lines(fresh, "--before-start")[1]["problem"],
    )
    assert "run `flask db upgrade`" in lines(fresh)[1]["problem"]


@pytest.mark.parametrize("rights", ["SELECT, INSERT, UPDATE, DELETE", "ALL"])
def test_rights_of_the_databases_user(rights):
    """Tried out, and nothing is left of that."""
    app = create_app(at(hosting_account(f"d{len(rights)}", rights)))

    code, found = lines(app, "--before-start")

    told = "The database's user lacks a right: " in found["problem"]
    assert (rights != "ALL", int(rights != "ALL")) == (told, code)
    assert "allows 10 connections; each process takes up to 15" not in found["ok"]
    with app.app_context():
        assert [] == db.session.execute(db.text("SHOW TABLES")).all()
        db.session.remove()
        db.engine.dispose()


def test_too_many_connections_for_the_database():
    limited = at(hosting_account("many", "ALL"))

    assert "set DEPLOYR_DB_CONNECTIONS=1" in lines(create_app(limited))[1]["warning"]
    one = create_app(limited | {"DEPLOYR_DB_CONNECTIONS": "1"})
    assert "10 connections; each process takes up to 1." in lines(one)[1]["ok"]


def test_wrong_password_of_the_database():
    url = hosting_account("wrong", "ALL").replace(":p@", ":q@")

    code, found = lines(create_app(at(url)))

    assert 1 == code
    assert "The database does not let us in" in found["problem"]
    assert "%40" in found["problem"]


def test_settings_that_others_can_read(app, tmp_path, monkeypatch):
    place = tmp_path / "public_html"
    place.mkdir()
    (place / ".env").write_text("DEPLOYR_SIGNUP=closed\nDEPLOYR_ALLOW_LOGIN=ada\n")
    (place / ".env").chmod(0o644)
    monkeypatch.chdir(place)

    code, found = lines(app, "--before-start")

    assert 1 == code
    assert f"chmod 600 {place}/.env" in found["problem"]
    assert "below a document root" in found["problem"]
    assert "names that are no settings: DEPLOYR_ALLOW_LOGIN." in found["warning"]


def test_own_address_that_is_refused(make_app):
    """Whoever names hosts must name that of the public address as well."""
    own = {"DEPLOYR_PUBLIC_URL": "https://a.example.com", "DEPLOYR_ALLOWED_HOSTS": "b.example.com"}

    code, found = lines(make_app(**own), "--before-start")

    assert 1 == code
    assert "DEPLOYR_ALLOWED_HOSTS lacks the host of https://a.example.com" in found["problem"]


def test_place_that_is_not_there(make_app, tmp_path):
    app = make_app(DEPLOYR_LOG_STORE="file", DEPLOYR_LOG_DIR=str(tmp_path / "none"))

    code, found = lines(app, "--before-start")

    assert 1 == code
    assert f"DEPLOYR_LOG_DIR: {tmp_path}/none can not be written: No such file" in found["problem"]


def test_bucket(make_app, s3):
    settings = {"DEPLOYR_LOG_STORE": "s3", "DEPLOYR_S3_BUCKET": "of-ada", "DEPLOYR_S3_URL": s3}
    client = boto3.client("s3", endpoint_url=s3)
    code, found = lines(make_app(**settings), "--before-start")
    assert 0 == code, "logs wait in the database until it is mended"
    assert "The bucket of-ada does not do as it is asked: put_object" in found["warning"]

    client.create_bucket(Bucket="of-ada")
    assert "The bucket of-ada keeps what it is given." in lines(make_app(**settings))[1]["ok"]
    assert "Contents" not in client.list_objects_v2(Bucket="of-ada")
    client.delete_bucket(Bucket="of-ada")

    wrong = settings | {"DEPLOYR_S3_URL": "https://-s3"}
    assert (
        "The settings of S3 can't be used: Invalid endpoint"
        in lines(make_app(**wrong))[1]["problem"]
    )


def test_github(make_app, github):
    settings = github.settings()
    assert "GitHub knows this backend's app." in lines(make_app(**settings))[1]["ok"]

    wrong = settings | {"DEPLOYR_GITHUB_CLIENT_SECRET": "wrong"}
    assert "does not know this client id" in lines(make_app(**wrong))[1]["problem"]
    half = settings | {"DEPLOYR_GITHUB_CLIENT_SECRET": ""}
    assert "DEPLOYR_GITHUB_CLIENT_SECRET is missing" in lines(make_app(**half))[1]["problem"]
    github.device_flow = False
    assert "tick Enable Device Flow" in lines(make_app(**settings))[1]["warning"]
    github.broken = True
    assert "GitHub does not answer from here" in lines(make_app(**settings))[1]["problem"]
