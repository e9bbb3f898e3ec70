"""Real Laravel on SQLite: what a deployment leaves behind, however it ends."""

import json
import stat
import subprocess

import pytest

from tests.support.laravel_site import LaravelSite

from .site import git

CREATE_TAGS = "Illuminate\\Support\\Facades\\Schema::create('tags', fn ($table) => $table->id());"


@pytest.fixture
def app(site):
    """The example app, not deployed yet."""
    with LaravelSite(site) as found:
        yield found


def live(app):
    return (app.root / "current").resolve()


def signals(app) -> dict[str, bytes]:
    """What the app's cache holds, by path below the directory that all releases share."""
    cache = app.root / "shared/storage/framework/cache/data"
    return {
        str(path.relative_to(cache)): path.read_bytes()
        for path in cache.rglob("*")
        if path.is_file() and path.name != ".gitignore"
    }


def test_second_release_is_whole_and_no_path_leads_into_the_first(app):
    """Caches and links hold absolute paths: built at the final path, they are its own."""
    (app.site.repo / "public/storage").symlink_to("/nowhere/storage/app/public")
    git(app.site.repo, "add", "--force", "public/storage")
    app.site.commit({})
    assert "completed" == (done := app.site.push()).status, done.text
    first, before = live(app), signals(app)
    app.migration("2024_01_02_000000_tags", CREATE_TAGS)

    assert "completed" == (done := app.site.push()).status, done.text

    config = (live(app) / "bootstrap/cache/config.php").read_text()
    assert str(live(app)) in config
    assert first.name not in config
    assert f"{live(app)}/storage/app/public" == str((live(app) / "public/storage").readlink())
    (app.root / "shared/storage/app/public/logo.txt").write_text("shared")
    assert "shared" == (live(app) / "public/storage/logo.txt").read_text()
    # The signal that ends workers of the first release reaches them: the cache is shared.
    assert (1, before.keys()) == (len(before), signals(app).keys())
    assert before != signals(app)
    told = json.loads(app.get("/up")[1])
    assert (live(app).name, 2) == (told["release"], told["migrations"])


def test_group_of_shared_reads_the_secrets_and_writes_where_the_app_writes(app):
    assert "completed" == app.site.push().status
    (app.root / "shared").chmod(0o2755)
    (app.root / "shared/.env").unlink()
    log = app.root / "shared/storage/logs/laravel.log"
    log.touch(mode=0o644)

    assert "completed" == app.site.push().status

    assert 0o640 == stat.S_IMODE((app.root / "shared/.env").stat().st_mode)
    # Where PHP has a user of its own, the group bits of the mode are the mask of a list.
    listed = subprocess.run(["getfacl", "--omit-header", log], check=True, capture_output=True)
    assert b"group::rw-" in listed.stdout.splitlines()
    for name in ("storage/framework/views", "storage/framework/cache/data", "bootstrap/cache"):
        assert 0o2775 == stat.S_IMODE((live(app) / name).stat().st_mode)


def test_sick_release_is_taken_back_by_the_apps_own_page_up(app):
    """Found by its route and APP_URL: deploy.yaml has no health check."""
    app.env(f"APP_URL=http://127.0.0.1:{app.port}\n")
    assert "no earlier release to go back to" in app.site.push().text
    first = app.get("/up")
    assert 200 == first[0]
    status = (app.site.repo / "app/Status.php").read_text()
    app.site.commit({"app/Status.php": status.replace("decrypt(encrypt('ok'))", "nonsense()")})

    sick = app.site.push()

    assert "health_check_failed" == sick.reason
    assert f"http://127.0.0.1:{app.port}/up: status 500" in sick.report.detail
    assert first == app.get("/up")
    assert live(app).name in first[1]
