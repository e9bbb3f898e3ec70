"""Real Laravel, with vendor/ built on the runner, served by Apache and PHP-FPM of the account."""

import json

import pytest

from tests.support.account_laravel import AccountLaravel

CREATE_TAGS = "Illuminate\\Support\\Facades\\Schema::create('tags', fn ($table) => $table->id());"


@pytest.fixture(params=["full", "jailed"])
def app(request, account):
    with AccountLaravel(account(request.param)) as made:
        yield made


def told(app):
    status, text = app.get("/up")
    assert 200 == status, text
    return json.loads(text)


def pushed(app, **changes):
    """Deploy, or go back; return what the app then says to visitors."""
    job = app.site.push(**changes)
    assert "completed" == job.status, job.text
    assert "PHP's caches are reset" in job.text
    return told(app)


def test_deployed_again_failed_and_gone_back(app):
    one = pushed(app)
    assert (app.site.releases[0], 1) == (one["release"], one["migrations"])
    live = app.site.current.resolve()
    assert str(live) in (live / "bootstrap/cache/config.php").read_text()
    assert 0o600 == (app.site.root / "shared/.env").stat().st_mode & 0o777

    app.migration("2024_01_02_000000_tags", CREATE_TAGS)
    two = pushed(app)
    assert (app.site.releases[1], 2) == (two["release"], two["migrations"])
    new = app.site.current.resolve()
    assert live != new
    assert live.name not in (new / "bootstrap/cache/config.php").read_text()
    assert str(live) in (live / "bootstrap/cache/config.php").read_text()

    broken = (app.site.repo / "app/Status.php").read_text().replace("decrypt(", "nonsense(")
    app.site.commit({"app/Status.php": broken})
    sick = app.site.push()
    assert "health_check_failed" == sick.reason, sick.text
    assert two == told(app)

    back = pushed(app, action="rollback", commit="0" * 40, params={"force": "yes"})
    assert one["release"] == back["release"]
