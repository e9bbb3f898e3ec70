"""A developer deploys Laravel on MariaDB, where a failed migration stays half done."""

import json

import pymysql
import pytest
from sqlalchemy.engine import make_url

from tests.support.laravel_site import KEY, MIGRATION
from tests.support.mariadb import MariaDb
from tools.demo.apps import answers, page

from .conftest import Deployed

PASSWORD = "s3cret pass#1"
DROP = "Illuminate\\Support\\Facades\\Schema::dropIfExists('half');"
TABLE = "Illuminate\\Support\\Facades\\Schema::create('%s', fn ($table) => $table->id());"


def env_of(url: str) -> str:
    """Lines of .env; a password with a space and a # needs its quotes."""
    found = make_url(url)
    connection = pymysql.connect(
        host=found.host, port=found.port or 0, user=found.username, password=found.password or ""
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET PASSWORD = PASSWORD(%s)", (PASSWORD,))
    return (
        f"APP_KEY={KEY}\nDB_CONNECTION=mysql\nDB_HOST={found.host}\nDB_PORT={found.port}\n"
        f'DB_DATABASE={found.database}\nDB_USERNAME={found.username}\nDB_PASSWORD="{PASSWORD}"\n'
    )


def migrate(site: Deployed, up: str) -> str:
    """Commit a migration that does what the PHP says."""
    path = site.system.repo / "database/migrations/2024_01_02_000000_half.php"
    path.write_text(MIGRATION.format(up=up))
    return site.system.commit("Migrate")


@pytest.mark.slow
def test_failed_migration_says_that_it_is_half_done_and_the_mended_one_goes_through(deployr_for):
    with MariaDb() as server:
        site = deployr_for("laravel")
        site.system.write_env_file("laravel", env_of(server.create_database()))
        first = site.push("--create")
        assert 0 == first.returncode, first.stdout + first.stderr
        assert answers(site.url, site.commit)
        assert {"db": "mysql", "migrations": 1}.items() <= json.loads(page(f"{site.url}up")).items()

        migrate(site, TABLE % "half" + TABLE % "notes")
        failed = site.push()

        assert 1 == failed.returncode
        assert "the one that failed may be half done" in failed.stdout
        assert PASSWORD not in failed.stdout
        assert site.commit in page(site.url)

        mended = migrate(site, DROP + TABLE % "half")
        done = site.push()

        assert 0 == done.returncode, done.stdout
        assert answers(site.url, mended)
        assert 2 == json.loads(page(f"{site.url}up"))["migrations"]
