"""PHP-FPM keeps compiled code and real paths over a switch, until the one-shot page is called."""

import pytest

from runner.opcache import reset_caches
from tests.support.apache_site import ApacheSite


def _php(release):
    return {"public/index.php": f"<?php echo '{release}';"}


@pytest.fixture
def apache(server):
    """A PHP of its own for each test, as it remembers what stood where."""
    with ApacheSite(server.user, server.home / "public_html") as made:
        yield made


@pytest.fixture
def switched(deployed, apache):
    """Show the first release, and switch to the second."""
    deployed.deploy("r1", files=_php("r1"))
    assert {"r1"} == {apache.get()[1] for _ in range(12)}
    deployed.deploy("r2", files=_php("r2"))
    return deployed


def publics(deployed):
    return [f"{deployed.root}/releases/{name}/public" for name in ("r1", "r2")]


def _left(deployed):
    return [each.name for each in deployed.root.glob("releases/*/public/deployr-*")]


def test_all_workers_serve_the_new_release_after_the_reset(switched, host, apache):
    before = {apache.get()[1] for _ in range(12)}
    trouble = reset_caches(host, publics(switched), apache.url)
    after = {apache.get()[1] for _ in range(12)}

    assert None is trouble
    assert "r1" in before
    assert {"r2"} == after
    assert [] == _left(switched)


def test_another_sites_answer_is_a_warning_and_the_page_is_removed(switched, host, apache):
    host.files.make_dirs(f"{host.home}/elsewhere")
    trouble = reset_caches(host, [f"{host.home}/elsewhere"], apache.url)

    assert trouble
    assert "PHP's caches were not reset (the site answers with status 404)" in trouble
    assert [] == [each.name for each in (host.home / "elsewhere").iterdir()]


def test_no_answer_is_a_warning_and_the_page_is_removed(switched, host):
    trouble = reset_caches(host, publics(switched), "http://127.0.0.1:9")

    assert trouble
    assert "no answer: ConnectionError" in trouble
    assert [] == _left(switched)


def test_a_directory_that_takes_no_page_is_a_warning(host):
    assert "were not reset" in (reset_caches(host, ["/proc/none"], "http://127.0.0.1:9") or "")


def test_without_the_token_the_page_only_removes_itself(switched, host, apache, monkeypatch):
    monkeypatch.setattr("runner.opcache._HEADER", "X-Other")
    trouble = reset_caches(host, publics(switched), apache.url)

    assert trouble
    assert "status 404" in trouble
    assert "r1" in {apache.get()[1] for _ in range(12)}
    assert [] == _left(switched)
