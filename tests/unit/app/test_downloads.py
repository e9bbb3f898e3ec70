"""The installer and what it fetches, as the backend serves them."""

import hashlib

import pytest

from app import create_app
from tests.support.backend import refusal
from tests.support.databases import at

WHEEL = "deployr-1.2.3-py3-none-any.whl"
SCRIPT = "#!/usr/bin/env bash\nbackend=''\nchild=''\nbackend=''\n"


@pytest.fixture
def dist(tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "install-runner.sh").write_text(SCRIPT)
    (folder / WHEEL).write_bytes(b"wheel")
    (folder / "runner-requirements.txt").write_text("a==1\n")
    (folder / "other.txt").write_text("other")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def client(folder, **config):
    return create_app(at("sqlite://") | {"DIST": str(folder)} | config).test_client()


def test_installer_holds_the_address_of_its_backend(dist):
    answer = client(dist).get("/install-runner.sh", base_url="https://deployr.example.com/sub/")

    assert (200, "application/x-sh") == (answer.status_code, answer.mimetype)
    assert SCRIPT.replace("''", "https://deployr.example.com/sub", 1) == answer.text


def test_public_url_is_preferred(dist):
    web = client(dist, DEPLOYR_PUBLIC_URL="https://public.example.com")

    answer = web.get("/install-runner.sh", base_url="http://public.example.com")

    assert "\nbackend=https://public.example.com\n" in answer.text


@pytest.mark.parametrize(
    "host", ["x';id;'", "x$(id)", "x`id`", "x\\", "a b", "x;id", "x|id", "\u00e4"]
)
def test_host_that_a_shell_would_read_stays_out(dist, host):
    answer = client(dist).get("/install-runner.sh", headers={"Host": host})

    assert answer.status_code == 400 or SCRIPT == answer.text


@pytest.mark.parametrize(
    ("name", "kind"),
    [(WHEEL, "application/octet-stream"), ("runner-requirements.txt", "text/plain")],
)
def test_files_come_with_their_checksum(dist, name, kind):
    web = client(dist)
    answer = web.get(f"/dist/{name}")

    assert (200, kind) == (answer.status_code, answer.mimetype)
    assert (dist / name).read_bytes() == answer.data
    etag, _ = answer.get_etag()
    assert hashlib.sha256(answer.data).hexdigest() == etag
    assert 304 == web.get(f"/dist/{name}", headers={"If-None-Match": f'"{etag}"'}).status_code


@pytest.mark.parametrize(
    "name",
    ["other.txt", "install-runner.sh", "../secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt",
     "deployr-9.9.9-py3-none-any.whl", "deployr-../../secret.txt-py3-none-any.whl", "", "."],
)  # fmt: skip
def test_nothing_else_is_served(dist, name):
    answer = client(dist).get(f"/dist/{name}")

    assert 404 == answer.status_code
    assert "secret" not in answer.text


def test_backend_without_them_says_what_to_do(tmp_path):
    web = client(tmp_path / "missing")
    answer = web.get("/install-runner.sh")

    assert (503, "installer_missing") == refusal(answer)
    assert "make dist" in answer.json["detail"]
    assert (404, "not_found") == refusal(web.get(f"/dist/{WHEEL}"))
