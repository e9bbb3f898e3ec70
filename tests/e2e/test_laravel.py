"""A developer deploys a Laravel app twice, with real PHP, Composer and migrations."""

import json
import re

import pytest

from tools.demo.apps import answers, page

MIGRATION = """<?php use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;
return new class extends Illuminate\\Database\\Migrations\\Migration {
    public function up() { Schema::create('tags', fn (Blueprint $table) => $table->id()); }
    public function down() { Schema::dropIfExists('tags'); }
};
"""


def up(site):
    """What the app says of itself: it answers only with key, database and migrations."""
    return json.loads(page(f"{site.url}up"))


def page_commit(site) -> str:
    """Return the commit that the app says it was built from."""
    found = re.search(r'id="commit">(\w+)<', page(site.url))
    assert found
    return found[1]


@pytest.mark.slow
def test_second_commit_migrates_keeps_what_is_shared_and_is_gone_back_from(deployr_for):
    site = deployr_for("laravel")
    assert (first := site.push("--create")).returncode == 0, first.stdout + first.stderr
    assert answers(site.url, site.commit)
    assert 1 == up(site)["migrations"]
    (site.system.path / "current/storage/app/upload.txt").write_text("kept")
    new = site.system.repo / "database/migrations/2024_01_02_000000_create_tags_table.php"
    new.write_text(MIGRATION)

    second = site.system.commit("Add tags")
    assert site.push().returncode == 0

    assert answers(site.url, second)
    told = up(site)
    assert (2, True, True) == tuple(
        told[fact] for fact in ("migrations", "config_cached", "routes_cached")
    )
    assert "kept" == (site.system.path / "current/storage/app/upload.txt").read_text()
    assert (site.system.path / "current").resolve().name == told["release"]

    # What the next deployment does to its views must not be seen by visitors of this one.
    compiled = list(site.system.path.rglob(f"views/{'[0-9a-f]' * 40}.php"))
    assert {"cache"} == {path.parent.parent.name for path in compiled}

    refused = site.system.run("deployr", "rollback", "--yes", check=False)
    assert 1 == refused.returncode
    assert "2024_01_02_000000_create_tags_table" in refused.stdout
    assert second == page_commit(site)
    forced = site.system.run("deployr", "rollback", "--yes", "--force", check=False)
    assert 0 == forced.returncode, forced.stdout + forced.stderr
    assert site.commit == page_commit(site)
    assert 2 == up(site)["migrations"]


@pytest.mark.slow
def test_app_without_its_env_file_is_refused_before_the_build(deployr_for):
    site = deployr_for("laravel")
    env_file = site.system.root / "server/config/env/laravel/production.env"
    env_file.unlink()

    refused = site.push("--create")

    assert 1 == refused.returncode
    assert f"the app needs its .env: write it to {env_file}" in refused.stdout
    assert "==> build" not in refused.stdout
