"""Maintenance mode of real Laravel: on while migrations run, and off however that ends."""

import pytest

from tests.support.laravel_site import LaravelSite

LOOK = """
    file_get_contents('http://127.0.0.1:%d/', false, stream_context_create(['http' => ['ignore_errors' => true]]));
    file_put_contents(storage_path('seen.txt'), implode("\\n", $http_response_header));
"""
FAIL = "throw new RuntimeException('half way');"


@pytest.fixture
def app(site):
    """The example app with `laravel.maintenance`, deployed once."""
    with LaravelSite(site) as found:
        found.manifest(laravel={"maintenance": True})
        found.site.commit({})
        done = found.site.push()
        assert "completed" == done.status, done.text
        assert "nothing is live yet" in done.text
        assert 200 == found.get("/")[0]
        yield found


def seen(app: LaravelSite) -> str:
    """What a visitor saw while a migration ran."""
    return (app.root / "shared/storage/seen.txt").read_text()


def test_visitors_see_503_while_migrations_run_and_the_site_afterwards_also_when_one_fails(app):
    app.migration("2024_01_02_000000_look", LOOK % app.port)

    done = app.site.push()

    assert "completed" == done.status, done.text
    assert "HTTP/1.1 503" in seen(app)
    assert "Retry-After: 15" in seen(app)
    old = app.get("/")
    assert 200 == old[0]

    (app.root / "shared/storage/seen.txt").unlink()
    app.migration("2024_01_03_000000_fail", LOOK % app.port + FAIL)

    assert "exit_nonzero" == app.site.push().reason
    assert "HTTP/1.1 503" in seen(app)
    assert old == app.get("/")


def test_site_that_a_crash_left_down_comes_up_and_one_that_its_owner_took_down_does_not(app):
    """Even the next deployment that fails brings it up."""
    app.artisan("down")
    (app.root / ".deployr/maintenance").touch()
    app.manifest(build={"commands": ["exit 7"]})
    app.site.commit({})

    done = app.site.push()

    assert 7 == done.end["exit_code"]
    assert "left the site in maintenance mode" in done.text
    assert 200 == app.get("/")[0]

    app.artisan("down")
    app.manifest(laravel={"maintenance": True})
    app.site.commit({})

    done = app.site.push()

    assert "completed" == done.status
    assert "in maintenance mode already, and stays so" in done.text
    assert 503 == app.get("/")[0]


def test_live_release_that_can_not_run_any_more_is_replaced_all_the_same(app):
    """The new release takes the site down: both share their storage."""
    (app.root / "current/vendor/autoload.php").unlink()
    app.migration("2024_01_02_000000_look", LOOK % app.port)

    done = app.site.push()

    assert "completed" == done.status, done.text
    assert "the live release can't do it" in done.text
    assert "HTTP/1.1 503" in seen(app)
    assert 200 == app.get("/")[0]
