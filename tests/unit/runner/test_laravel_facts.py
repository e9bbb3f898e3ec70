"""What the files of a Laravel release and the output of its migrations tell."""

from pathlib import Path

import pytest

from runner.recipes.laravel_facts import (
    FRAMEWORK,
    MIGRATE,
    default_health_check,
    lacks_locks,
    migrate_line,
    ran_migrations,
)

LARAVEL_8 = """Migration table created successfully.
Migrating: 2024_01_01_000000_create_notes_table
Migrated:  2024_01_01_000000_create_notes_table (16.94ms)
Migrating: 2024_01_02_000000_create_tags_table
Migrated:  2024_01_02_000000_create_tags_table (1.20 seconds)
Migrating: 2024_01_03_000000_break
"""
LARAVEL_12 = """
   INFO  Preparing database.

  Creating migration table ...................................... 10.55ms DONE

   INFO  Running migrations.

  0001_01_01_000000_create_users_table .......................... 24.10ms DONE
  2024_01_02_000000_a_name_so_long_that_there_is_no_room_for_any_dots_at_all  1s DONE
  2024_01_03_000000_break ........................................ 3.88ms FAIL
"""
ROUTES = """<?php
app('router')->setCompiledRoutes(
    array (
  'compiled' =>
  array (
    0 => false,
    1 =>
    array (
      '%s' =>
      array (
"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            LARAVEL_8,
            ("2024_01_01_000000_create_notes_table", "2024_01_02_000000_create_tags_table"),
        ),
        (
            LARAVEL_12,
            (
                "0001_01_01_000000_create_users_table",
                "2024_01_02_000000_a_name_so_long_that_there_is_no_room_for_any_dots_at_all",
            ),
        ),
        ("Nothing to migrate.\n", ()),
        ("   INFO  Nothing to migrate.\n", ()),
        ("", ()),
    ],
)
def test_migrations_are_named_as_old_and_new_laravel_print_them(output, expected):
    assert expected == ran_migrations(output)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    (tmp_path / "bootstrap/cache").mkdir(parents=True)
    return tmp_path


def test_migrations_are_isolated_where_the_framework_can(release):
    command = release / FRAMEWORK / "Database/Console/Migrations/MigrateCommand.php"
    assert migrate_line(release) == MIGRATE
    command.parent.mkdir(parents=True)
    command.write_text("class MigrateCommand extends BaseCommand\n")
    assert migrate_line(release) == MIGRATE
    command.write_text("class MigrateCommand extends BaseCommand implements Isolatable\n")

    assert f"{MIGRATE} --isolated=75" == migrate_line(release)


def test_missing_table_of_locks_is_told_from_a_failing_migration():
    missing = "SQLSTATE[42S02]: Table 'shop.cache_locks' doesn't exist\n"

    assert lacks_locks(missing)
    assert not lacks_locks(LARAVEL_8 + missing)
    assert not lacks_locks(LARAVEL_8)


def write_routes(release: Path, route: str) -> None:
    (release / "bootstrap/cache/routes-v7.php").write_text(ROUTES % route)


@pytest.mark.parametrize(
    ("app_url", "expected"),
    [
        ("https://shop.example.com", "https://shop.example.com/up"),
        ("https://shop.example.com/", "https://shop.example.com/up"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/up"),
        ("https://example.com/shop", "https://example.com/shop/up"),
    ],
)
def test_page_up_at_the_apps_address_is_asked(release, app_url, expected):
    write_routes(release, "/up")

    check = default_health_check(release, {"APP_URL": app_url})

    assert check is not None
    assert (expected, 200) == (check.url, check.status)


@pytest.mark.parametrize(
    "app_url", ["", "http://localhost", "shop.example.com", "ftp://shop", "https://me:pw@shop"]
)
def test_address_that_says_nothing_is_not_asked(release, app_url):
    """`http://localhost` is what Laravel's own template of .env says."""
    write_routes(release, "/up")

    assert default_health_check(release, {"APP_URL": app_url}) is None
    assert default_health_check(release, {}) is None


def test_app_without_the_page_is_not_asked(release):
    env = {"APP_URL": "https://shop.example.com"}
    assert default_health_check(release, env) is None
    write_routes(release, "/upload")

    assert default_health_check(release, env) is None
