"""vendor that an earlier deployment left, with the real Composer."""

import json

import pytest

from runner.recipes.recipe import Install
from runner.stop import StopFlag

from .caching import Server, contents, write

COMPOSER = Install("composer install --no-interaction --quiet --optimize-autoloader", "composer")
JSON = {
    "name": "deployr/shop",
    "repositories": [
        {"packagist.org": False},
        {"type": "path", "url": "packages/*", "options": {"symlink": False}},
    ],
    "require": {"deployr/left": "1.0.0"},
    "autoload": {"psr-4": {"App\\": "app/"}},
}
LEFT = {
    "name": "deployr/left",
    "version": "1.0.0",
    "bin": ["tool"],
    "autoload": {"classmap": ["Left.php"]},
}
LOCK = {
    "packages": [
        LEFT
        | {"dist": {"type": "path", "url": "packages/left", "reference": "1"}}
        | {"transport-options": {"symlink": False, "relative": True}}
    ],
    "packages-dev": [],
    "content-hash": "0",
}
APP = {
    "composer.json": json.dumps(JSON),
    "composer.lock": json.dumps(LOCK),
    "packages/left/composer.json": json.dumps(LEFT),
    "packages/left/Left.php": "<?php class Left {}",
    "packages/left/tool": "#!/usr/bin/env php\n<?php echo 'tool';",
    "app/First.php": "<?php namespace App; class First {}",
}


@pytest.fixture
def server(tmp_path):
    with StopFlag() as stop:
        yield Server(tmp_path, stop, env={"COMPOSER_ALLOW_SUPERUSER": "1"})


def test_new_class_is_found_and_the_older_release_stays_as_it_is(server):
    old = server.install(server.checkout(APP), COMPOSER)
    before = contents(old / "vendor")
    new = server.install(
        server.checkout(APP | {"app/Second.php": "<?php namespace App; class Second {}"}), COMPOSER
    )

    assert [f"vendor: reused, {len(before)} files, 0.0 MiB"] == server.said
    assert before == contents(old / "vendor")
    classmap = "vendor/composer/autoload_classmap.php"
    assert "Second" not in (old / classmap).read_text()
    assert "Second" in (new / classmap).read_text()
    package = "vendor/deployr/left/Left.php"
    assert (old / package).stat().st_ino == (new / package).stat().st_ino


def test_package_of_the_repository_that_changed_is_installed_anew(server):
    server.install(server.checkout(APP), COMPOSER)
    changed = APP | {"packages/left/Left.php": "<?php class Left { const NEW = 1; }"}
    tree = server.install(server.checkout(changed), COMPOSER)

    assert [] == server.said
    assert "NEW" in (tree / "vendor/deployr/left/Left.php").read_text()


def test_restored_vendor_that_composer_fails_with_is_given_up(server):
    server.install(server.checkout(APP), COMPOSER)
    broken = server.base / "caches/shop/production/vendor/files"
    write(broken, {"composer/installed.json": "{"})
    # As if it had been kept so.
    kept = server.store._entry(server.reuse(server.base)._slot("vendor"))
    found = kept.listing()
    assert found
    note = kept.note().model_copy(update={"size": found.size, "digest": found.digest})
    kept.write_note(note)

    tree = server.install(server.checkout(APP), COMPOSER)
    assert (tree / "vendor/deployr/left/Left.php").is_file()
    assert server.said[1].endswith("ended with exit code 1; once more without the kept vendor")
    server.install(server.checkout(APP), COMPOSER)
    assert 4 == server.commands


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"composer.json": json.dumps(JSON)}, "there is no composer.lock"),
        (
            APP | {"composer.json": json.dumps(JSON | {"config": {"vendor-dir": "lib"}})},
            "composer.json names another directory",
        ),
        (APP | {"composer.json": "{"}, "its sources can't be read: "),
        (APP | {"composer.lock": '{"packages": [1]}'}, "its sources can't be read: "),
        (APP | {"vendor/mine.php": ""}, "it is there already"),
    ],
)
def test_what_is_not_told_by_the_lock_is_made_anew(server, files, reason):
    server.install(server.checkout(files), COMPOSER, {"vendor/autoload.php": ""})

    (said,) = server.said
    assert said.startswith(f"vendor: made anew, as {reason}")
    assert (1, []) == (server.commands, server.entries)
