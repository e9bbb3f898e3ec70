"""node_modules that an earlier deployment left."""

import json
from pathlib import Path

import pytest

from runner.recipes.recipe import NPM_CI, Carried
from runner.stop import StopFlag

from .caching import Server, contents, write

PACKAGE = {"name": "shop", "version": "1.0.0", "dependencies": {"left": "1.0.0"}}
LOCK = {"lockfileVersion": 3, "packages": {"": PACKAGE, "node_modules/left": {"version": "1.0.0"}}}
APP = {"package.json": json.dumps(PACKAGE), "package-lock.json": json.dumps(LOCK)}
MADE = {"node_modules/left/index.js": "left", "node_modules/.package-lock.json": "{}"}
SAME = "node_modules: reused, 2 files, 0.0 MiB"


@pytest.fixture
def server(tmp_path):
    """A server on which APP was built once, and its checkout is gone.

    Its node and npm only tell their versions, for real ones need half a second for that.
    """
    with StopFlag() as stop:
        made = Server(tmp_path, stop, env={"PATH": tools(tmp_path / "bin", "v20.1.0")})
        made.forget(made.install(made.checkout(APP), NPM_CI, MADE))
        yield made


def tools(place: Path, version: str) -> str:
    """Make a node and an npm of one version; return the PATH on which they are found."""
    for name in ("node", "npm"):
        write(place, {name: f"#!/bin/sh\necho {version}\n"})
        (place / name).chmod(0o755)
    return f"{place}:/usr/bin:/bin"


def with_package(**changes: object) -> dict[str, str]:
    return APP | {"package.json": json.dumps(PACKAGE | changes)}


def test_same_lock_needs_no_npm(server):
    tree = server.install(server.checkout(APP), NPM_CI, MADE)

    assert (1, [SAME]) == (server.commands, server.said)
    assert {"left/index.js", ".package-lock.json"} == set(contents(tree / "node_modules"))


@pytest.mark.parametrize(
    "files",
    [
        with_package(version="2.0.0"),
        with_package(scripts={"build": "vite build", "prepare": "husky || true"}),
        APP | {"src/index.js": "new"},
    ],
)
def test_what_npm_ci_does_not_look_at_changes_nothing(server, files):
    server.install(server.checkout(files), NPM_CI, MADE)
    assert [SAME] == server.said


@pytest.mark.parametrize(
    ("files", "env"),
    [
        (APP | {"package-lock.json": json.dumps(LOCK | {"requires": True})}, {}),
        (APP | {"npm-shrinkwrap.json": json.dumps(LOCK)}, {}),
        (APP | {".npmrc": "omit=dev"}, {}),
        (with_package(dependencies={"left": "^1.0.0"}), {}),
        (with_package(overrides={"left": "2.0.0"}), {}),
        (APP, {"NODE_ENV": "production"}),
    ],
)
def test_what_may_change_the_result_installs_anew(server, files, env):
    server.install(server.checkout(files), NPM_CI, MADE, env=env)
    assert (2, []) == (server.commands, server.said)


def test_another_node_installs_anew(server, tmp_path):
    tools(tmp_path / "bin", "v22.1.0")
    server.install(server.checkout(APP), NPM_CI, MADE)
    assert (2, []) == (server.commands, server.said)


def test_versions_of_the_real_node_and_npm_are_asked_for(server, tmp_path):
    server.env.clear()
    for _ in range(2):
        server.install(server.checkout(APP), NPM_CI, MADE)
    assert (2, [SAME]) == (server.commands, server.said)


def test_facts_of_the_job_and_the_memory_of_node_do_not_matter(server):
    env = {"DEPLOYR_COMMIT": "0" * 40, "NODE_OPTIONS": "--max-old-space-size=512"}
    server.install(server.checkout(APP), NPM_CI, MADE, env=env)
    assert [SAME] == server.said


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (with_package(scripts={"postinstall": "patch-package"}), "package.json has a script post"),
        (with_package(scripts={"prepare": "husky && tsc"}), "package.json has a script prepare"),
        (APP | {"binding.gyp": "{}"}, "the app compiles a module of its own (binding.gyp)"),
        (APP | {"package-lock.json": "{}"}, "packages of the repository itself"),
        (
            APP | {"package-lock.json": json.dumps({"packages": {"packages/ui": {}}})},
            "packages of the repository itself are among the dependencies",
        ),
        (APP | {"node_modules/mine/index.js": "mine"}, "it is there already"),
    ],
)
def test_what_depends_on_more_than_the_lock_is_made_anew(server, files, reason):
    server.install(server.checkout(files), NPM_CI, MADE)

    (said,) = server.said
    assert said.startswith(f"node_modules: made anew, as {reason}")
    assert 2 == server.commands


def test_without_caches_npm_runs_and_the_entry_is_replaced(server):
    newer = {"node_modules/left/index.js": "newer"}
    server.install(server.checkout(APP), NPM_CI, newer, enabled=False)
    tree = server.install(server.checkout(APP), NPM_CI, MADE)

    assert 2 == server.commands
    assert b"newer" == (tree / "node_modules/left/index.js").read_bytes()


def test_caches_of_build_tools_stay_behind(server):
    made = MADE | {"node_modules/.cache/tool/state": "1"}
    server.forget(server.install(server.checkout(APP), NPM_CI, made, enabled=False))
    tree = server.install(server.checkout(APP), NPM_CI, MADE)
    assert not (tree / "node_modules/.cache").exists()


def test_build_that_writes_into_packages_gets_copies_from_then_on(server):
    for _ in range(4):
        tree = server.install(server.checkout(APP), NPM_CI, MADE)
        assert b"left" == (tree / "node_modules/left/index.js").read_bytes()
        write(tree, {"node_modules/left/index.js": "generated"})
        server.forget(tree)

    changed = "node_modules: the kept files have changed since; dropped"
    assert [SAME, changed, SAME, SAME] == server.said
    assert 2 == server.commands


def test_release_with_node_modules_is_never_changed_by_a_later_build(server):
    live = server.install(server.checkout(APP), NPM_CI, MADE)
    tree = server.install(server.checkout(APP), NPM_CI, MADE)
    write(tree, {"node_modules/left/index.js": "generated"})

    assert [SAME, SAME] == server.said
    assert b"left" == (live / "node_modules/left/index.js").read_bytes()


def test_directory_of_a_build_is_carried_but_for_what_was_left_out(server):
    carried = Carried(path=".next/cache", omit=("fetch-cache",))
    tree = server.checkout(APP | {".next/cache/a/b": "1", ".next/cache/fetch-cache/x": "old"})
    server.reuse(tree).carry_out(carried)
    later, without = server.checkout(APP), server.checkout(APP)
    server.reuse(later).carry_in(carried)
    server.reuse(without, enabled=False).carry_in(carried)
    changed = server.checkout(APP | {"package-lock.json": "{}"})
    server.reuse(changed).carry_in(carried)

    assert {"a/b": b"1"} == contents(later / ".next/cache")
    assert not (without / ".next").exists()
    assert not (changed / ".next").exists()
    write(later, {".next/cache/a/b": "2"})
    assert b"1" == (tree / ".next/cache/a/b").read_bytes()


def test_link_out_of_the_checkout_is_neither_kept_nor_written_through(server, tmp_path):
    carried = Carried(path=".next/cache")
    write(tmp_path / "private", {"cache/token": "secret"})
    tree = server.checkout(APP)
    (tree / ".next").symlink_to(tmp_path / "private")
    server.reuse(tree).carry_out(carried)
    assert ["shop/production/node_modules"] == server.entries

    server.reuse(server.checkout(APP | {".next/cache/a": "1"})).carry_out(carried)
    (tmp_path / "private/cache/token").unlink()
    (tmp_path / "private/cache").rmdir()
    server.reuse(tree).carry_in(carried)
    assert not (tmp_path / "private/cache").exists()
