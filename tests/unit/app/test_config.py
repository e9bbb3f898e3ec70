"""Settings: from the environment or `.env`, all problems at once."""

import os
import re
import ssl

import pytest
from sqlalchemy import make_url

from app import create_app
from app.config import ConfigError, Settings, environment
from app.extensions import engine_options
from tests.support.databases import at


def test_defaults(tmp_path):
    settings = Settings.load({}, tmp_path / "instance")

    assert f"sqlite:///{tmp_path / 'instance' / 'deployr.sqlite3'}" == settings.database_url
    assert ("closed", 15, 300) == (
        settings.signup,
        settings.heartbeat_seconds,
        settings.lease_seconds,
    )


def test_variables_are_read_and_empty_ones_are_not(tmp_path):
    variables = {
        "DEPLOYR_DATABASE_URL": "sqlite://",
        "DEPLOYR_LEASE_SECONDS": "20",
        "DEPLOYR_SIGNUP": "",
        "DEPLOYR_TOKEN": "the CLI's",
        "PATH": "/bin",
    }

    settings = Settings.load(variables, tmp_path)

    assert (20, "closed") == (settings.lease_seconds, settings.signup)


def test_all_problems_are_told_at_once(tmp_path):
    variables = {
        "DEPLOYR_DATABASE_URL": "postgresql://host/name",
        "DEPLOYR_SIGNUP": "perhaps",
        "DEPLOYR_POLL_BUDGET": "0",
    }

    with pytest.raises(ConfigError) as caught:
        Settings.load(variables, tmp_path)

    lines = str(caught.value).splitlines()
    assert sorted(variables) == sorted(line.partition(":")[0] for line in lines)


def test_no_url_is_no_url(tmp_path):
    with pytest.raises(ConfigError, match="is not a database URL"):
        Settings.load({"DEPLOYR_DATABASE_URL": "::"}, tmp_path)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("mysql://u:p@h/d", "mysql+pymysql://u:p@h/d"),
        ("mariadb://u:p@h/d", "mariadb+pymysql://u:p@h/d"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_driver_is_chosen(tmp_path, given, used):
    assert used == Settings.load(at(given), tmp_path).database_url


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DEPLOYR_DATABASE_URL", "sqlite://instance/a.db", "has three slashes"),
        ("DEPLOYR_PUBLIC_URL", "deployr.example.com", "must start with https://"),
    ],
)
def test_address_that_is_none_is_told_what_it_lacks(tmp_path, name, value, told):
    with pytest.raises(ConfigError, match=f"{name}: .*{told}"):
        Settings.load({name: value}, tmp_path)


@pytest.mark.parametrize(
    ("host", "tls_off"), [("localhost", True), ("127.0.0.1", True), ("db.example", False)]
)
def test_tls_is_off_only_for_databases_on_this_machine(host, tls_off):
    options = engine_options(make_url(f"mysql+pymysql://u:p@{host}/d"))

    assert tls_off == ("ssl_disabled" in options["connect_args"])


def test_connections_to_other_machines_share_one_check_of_their_certificate(tmp_path):
    """To make one loads the whole bundle of authorities: 33 ms of CPU each time."""
    url = "mysql+pymysql://u:p@db.example/d"
    first, second = (engine_options(make_url(url))["connect_args"] for _ in range(2))

    assert first["ssl"] is second["ssl"]
    assert ssl.CERT_REQUIRED == first["ssl"].verify_mode
    assert first["ssl"].check_hostname
    assert "ssl" not in engine_options(make_url(f"{url}?ssl_disabled=1"))["connect_args"]
    (tmp_path / "ca").write_text("none")
    with pytest.raises(ConfigError, match="DEPLOYR_DB_CA: is no file of certificates"):
        Settings.load(at(url) | {"DEPLOYR_DB_CA": str(tmp_path / "ca")}, tmp_path)


def test_no_more_connections_than_are_set():
    options = engine_options(make_url("mysql+pymysql://u:p@localhost/d"), 1)

    assert (1, 0) == (options["pool_size"], options["max_overflow"])


def test_dotenv_gives_way_to_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOYR_SIGNUP", "open")
    lines = "DEPLOYR_SIGNUP=closed\nDEPLOYR_LEASE_SECONDS=20\nDEPLOYR_DATABASE_URL='a$b'\n"
    (tmp_path / ".env").write_text(lines)

    found = environment(tmp_path)

    assert ("open", "20", "a$b") == tuple(
        found[f"DEPLOYR_{name}"] for name in ("SIGNUP", "LEASE_SECONDS", "DATABASE_URL")
    )


@pytest.mark.parametrize("written", ["\ufeff", "# größer\r\n"])
def test_dotenv_of_other_editors_is_read(tmp_path, written):
    text = f'{written}DEPLOYR_SIGNUP=open\r\nDEPLOYR_TICK_TOKEN="a #\'$b"\r\n'
    (tmp_path / ".env").write_bytes(text.encode())

    found = environment(tmp_path)

    assert ("open", "a #'$b") == (found["DEPLOYR_SIGNUP"], found["DEPLOYR_TICK_TOKEN"])


def test_dotenv_of_another_encoding_is_named(tmp_path):
    (tmp_path / ".env").write_text("# größer\nDEPLOYR_SIGNUP=open\n", encoding="latin-1")

    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/.env is not encoded as UTF-8")):
        environment(tmp_path)


def test_password_is_not_told_when_its_url_can_not_be_read(tmp_path):
    """As one with characters that should have been encoded."""
    url = "mysql://me:p@ss:w0rd/more@localhost/name"

    with pytest.raises(ConfigError, match="is not a database URL, as mysql://") as told:
        Settings.load(at(url), tmp_path)
    assert "w0rd" not in str(told.value)


def test_misspelt_config_is_refused():
    with pytest.raises(ConfigError, match="database_url"):
        create_app({"database_url": "sqlite://"})


def test_keys_of_s3_in_the_settings_file_reach_boto3(tmp_path, monkeypatch):
    """As under Passenger, which hands on none; an identity that the process has is not mixed."""
    region = "AWS_DEFAULT_REGION=eu\nAWS_PROFILE=\nOTHER=none\n"
    (tmp_path / ".env").write_text(f"AWS_ACCESS_KEY_ID=a\nAWS_SESSION_TOKEN=b\n{region}")
    monkeypatch.setattr(os, "environ", {})
    environment(tmp_path)
    read = {"AWS_ACCESS_KEY_ID": "a", "AWS_SESSION_TOKEN": "b", "AWS_DEFAULT_REGION": "eu"}
    assert read == os.environ

    given = {"AWS_ACCESS_KEY_ID": "c", "AWS_SECRET_ACCESS_KEY": "d", "AWS_DEFAULT_REGION": "us"}
    monkeypatch.setattr(os, "environ", dict(given))
    environment(tmp_path)
    assert given == os.environ
