"""How artisan is called, by a stand-in for Laravel versions that Debian does not have."""

import json

import pytest

from runner.recipes.laravel_facts import FRAMEWORK
from runner.steps import migrate

from .site import Site

MIGRATE_COMMAND = f"{FRAMEWORK}/Database/Console/Migrations/MigrateCommand.php"
ARTISAN = """<?php
$line = implode(' ', array_slice($argv, 1));
file_put_contents('../../artisan.log', "$line\\n", FILE_APPEND);
$calls = substr_count(file_get_contents('../../artisan.log'), "migrate");
if ($argv[1] === 'migrate') { %s }
"""


@pytest.fixture
def app(site, monkeypatch):
    """A function that deploys an app whose `artisan migrate` does what the PHP says."""
    monkeypatch.setattr(migrate, "BUSY_SECONDS", 0.01)
    manifest = {"project": {"framework": "laravel"}, "build": {"commands": ["true"]}}

    def deploy(php: str = "", *, isolatable: bool = True, up_check: bool = True, **files: str):
        command = "implements Isolatable" if isolatable else ""
        own = {name.replace("__", "/"): text for name, text in files.items()}
        site.commit(
            {
                "artisan": ARTISAN % php,
                "deploy.yaml": json.dumps({**manifest, "laravel": {"up_check": up_check}}),
                MIGRATE_COMMAND: f"class MigrateCommand {command}",
                **own,
            }
        )
        site.env_file("APP_KEY=long-enough\n")
        return site.push()

    return deploy


def called(site: Site) -> list[str]:
    """What artisan was called with after the caches were made."""
    lines = (site.root / "artisan.log").read_text().splitlines()
    return lines[lines.index("event:cache") + 1 :]


def test_migrations_are_isolated_and_queues_restarted(app, site):
    done = app("echo '  2024_01_01_000000_create_notes_table ....... 12.5ms DONE', PHP_EOL;")

    assert "completed" == done.status
    assert ["migrate --force --isolated=75", "queue:restart"] == called(site)
    (record,) = site.target().records().values()
    assert ("2024_01_01_000000_create_notes_table",) == record.migrations


def test_framework_without_isolation_migrates_without(app, site):
    assert "completed" == app(isolatable=False).status
    assert "migrate --force" == called(site)[0]


def test_other_server_at_work_is_waited_for(app, site):
    done = app("if ($calls < 3) { echo 'already running'; exit(75); }")

    assert "completed" == done.status
    assert ["migrate --force --isolated=75"] * 3 == called(site)[:3]
    assert "another server is migrating this database" in done.text


def test_first_migrations_make_the_table_of_locks_and_need_none(app, site):
    done = app('if ($calls === 1) { echo "no such table: cache_locks"; exit(1); }')

    assert "completed" == done.status
    assert ["migrate --force --isolated=75", "migrate --force"] == called(site)[:2]


def test_failed_migration_says_what_stays_and_is_recorded(app, site):
    done = app('echo "Migrated:  2024_01_01_000000_notes (1ms)\\nno such column"; exit(3);')

    assert ("exit_nonzero", 3) == (done.reason, done.end["exit_code"])
    assert "2024_01_01_000000_notes stay in the database" in done.report.detail
    assert "take back no change of a table" in done.report.detail
    (record,) = site.target().records().values()
    assert ("bad", ("2024_01_01_000000_notes",)) == (record.state, record.migrations)


def test_newer_frameworks_reload_and_horizon_is_told(app, site):
    reload = f"{FRAMEWORK}/Foundation/Console/ReloadCommand.php".replace("/", "__")

    done = app(**{reload: "<?php", "vendor__laravel__horizon__composer.json": "{}"})

    assert "completed" == done.status
    assert ["reload", "horizon:terminate"] == called(site)[1:]


def test_app_without_a_page_up_is_told_how_to_be_checked_unless_nothing_is_wanted(app):
    assert "not checked: put a page that shows its health at deploy.health_check" in app().text
    assert "==> health" not in app(up_check=False).text
