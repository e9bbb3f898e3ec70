"""Versions of node, npm, php and its extensions against what the app asks for."""

import json
import shutil
from pathlib import Path

import pytest

from runner.preflight.versions import version_findings
from runner.recipes import App
from runner.shell import Shell
from runner.stop import StopFlag
from runner.tools import asker

LARAVEL = Path(__file__).parents[4] / "examples/laravel"
INSTALLED = {"node --version": "v20.20.2\n", "npm --version": "11.19.1\n"}


def engines(tree: Path, **wanted: object) -> list[tuple[str, str]]:
    (tree / "package.json").write_text(json.dumps({"engines": wanted}))
    found = version_findings(App(tree=tree), ("node", "npm"), None, lambda line, _: INSTALLED[line])
    return [(finding.kind, finding.text) for finding in found]


@pytest.mark.parametrize(
    "wanted", [">=20.9.0", ">= 18", "^18 || >=20", "20", "20.x", "<21 >=20", "12 - 20", "*", "", 18]
)
def test_engines_that_are_met(tmp_path, wanted):
    assert [] == engines(tmp_path, node=wanted, vscode="^9")


@pytest.mark.parametrize("wanted", ["^18", ">=20.20.3", "18.x || 22.x", "~20.1"])
def test_node_that_the_app_does_not_want_is_a_problem(tmp_path, wanted):
    ((kind, text),) = engines(tmp_path, node=wanted)

    assert "problem" == kind
    assert f"this server has node v20.20.2, and package.json asks for {wanted}: install" in text


def test_npm_and_ranges_that_are_none_are_warnings(tmp_path):
    found = engines(tmp_path, node="lts", npm="^9")

    assert ["warning", "warning"] == [kind for kind, _ in found]
    assert "engines.node is no range of versions: lts" in found[0][1]
    assert "has npm 11.19.1" in found[1][1]


@pytest.mark.parametrize("text", ["{}", '{"engines": []}', "[1]", "no json"])
def test_package_json_without_engines_asks_nothing(tmp_path, text):
    (tmp_path / "package.json").write_text(text)

    assert [] == version_findings(App(tree=tmp_path), ("node",), None, lambda *_: "v1.0.0")


@pytest.fixture
def app(tmp_path):
    """The example's lock file, with more requirements of its platform."""

    def write(**platform: str) -> App:
        for name in ("composer.json", "composer.lock"):
            found = json.loads((LARAVEL / name).read_text())
            where = "require" if name == "composer.json" else "platform"
            found[where] = {**found[where], **platform}
            (tmp_path / name).write_text(json.dumps(found))
        shutil.copytree(LARAVEL / "packages", tmp_path / "packages", dirs_exist_ok=True)
        return App(tree=tmp_path)

    return write


def platform(app: App, live: Path | None = None) -> list[str]:
    with StopFlag() as stop:
        ask = asker(Shell(stop, "test"), {"COMPOSER_ALLOW_SUPERUSER": "1"})
        return [each.text for each in version_findings(app, ("php", "composer"), live, ask)]


def test_composer_finds_no_fault_with_the_example(app):
    assert [] == platform(app())


def test_composer_names_extension_and_version_that_are_wanted(app):
    redis, php = sorted(platform(app(php=">=9.0", **{"ext-redis": "*"})))

    assert (
        "asks for ext-redis *, and this server's php lacks it: apt-get install php-redis" in redis
    )
    assert "asks for php >=9.0, and this server has 8." in php


def test_lock_file_of_the_live_release_was_judged_before(app, tmp_path):
    wanting = app(php=">=9.0")
    live = tmp_path / "live"
    live.mkdir()
    shutil.copy(tmp_path / "composer.lock", live)

    assert [] == platform(wanting, live)
    (live / "composer.lock").write_text("{}")
    assert 1 == len(platform(wanting, live))


def test_broken_lock_file_is_left_to_composer_itself(app, tmp_path):
    wanting = app()
    (tmp_path / "composer.lock").write_text("{")

    assert [] == platform(wanting)
