"""Recipes are data: from the files of a checkout to command lines and what is shipped."""

import json

import pytest

from deployr.states import Framework
from runner.recipes import RECIPES, App, Recipe, Ship
from runner.recipes.recipe import NO_NPM_LOCK, NPM_CI, BuildLines, Install

LARAVEL, NEXTJS, STATIC = (
    RECIPES[kind] for kind in (Framework.LARAVEL, Framework.NEXTJS, Framework.STATIC)
)
BUILDS = json.dumps({"scripts": {"build": "vite build"}})


@pytest.fixture
def app(tmp_path):
    """Make a checkout with these files; a name that ends with a slash is a directory."""

    def make(*names: str, package: str | None = None, own_build: bool = False) -> App:
        tree = tmp_path / "tree"
        tree.mkdir(exist_ok=True)
        if package is not None:
            (tree / "package.json").write_text(package)
        for name in names:
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(parents=True, exist_ok=True) if name.endswith("/") else path.touch()
        return App(tree=tree, own_build=own_build)

    return make


def test_every_framework_has_its_recipe():
    assert {kind: kind for kind in Framework} == {
        kind: recipe.framework for kind, recipe in RECIPES.items()
    }


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (BUILDS, True),
        (None, False),
        ("{}", False),
        ('{"scripts": {}}', False),
        ('{"scripts": {"build": ""}}', False),
        ('{"scripts": ["build"]}', False),
        ('["scripts"]', False),
        ("{broken", False),
    ],
)
def test_build_script_is_found_in_package_json(app, package, expected):
    assert expected == app(package=package).has_build_script


@pytest.mark.parametrize("lock", ["package-lock.json", "npm-shrinkwrap.json"])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_lock_of_npm_is_all_that_a_build_needs(app, recipe, lock):
    assert () == recipe.problems(app(lock, package=BUILDS))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_missing_lock_of_npm_is_a_problem(app, recipe):
    assert (NO_NPM_LOCK,) == recipe.problems(app("yarn.lock", package=BUILDS))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_own_build_needs_no_lock_of_npm(app, recipe):
    assert () == recipe.problems(app("yarn.lock", package=BUILDS, own_build=True))


@pytest.mark.parametrize("recipe", [LARAVEL, STATIC], ids=["laravel", "static"])
@pytest.mark.parametrize("package", [None, "{}"])
def test_app_without_a_build_script_needs_no_lock_of_npm(app, recipe, package):
    assert () == recipe.problems(app(package=package))


TOOLS = [
    (LARAVEL, BUILDS, False, ("php", "composer", "node", "npm")),
    (LARAVEL, None, False, ("php", "composer")),
    (LARAVEL, BUILDS, True, ("php",)),
    (NEXTJS, BUILDS, False, ("node", "npm")),
    (NEXTJS, BUILDS, True, ("node",)),
    (STATIC, BUILDS, False, ("node", "npm")),
    (STATIC, BUILDS, True, ()),
    (STATIC, None, False, ()),
]


@pytest.mark.parametrize(("recipe", "package", "own_build", "expected"), TOOLS)
def test_tools_are_those_that_the_build_calls(app, recipe: Recipe, package, own_build, expected):
    assert expected == recipe.tools(app(package=package, own_build=own_build))


def texts(lines: BuildLines) -> list[str]:
    return [line.run if isinstance(line, Install) else line for line in lines]


def first_words(lines: BuildLines) -> list[str]:
    return [" ".join(text.split(" ")[:2]) for text in texts(lines)]


def test_laravel_is_built_without_development_packages(app):
    lines = LARAVEL.build(app())

    assert ["mkdir -p", "composer install"] == first_words(lines)
    assert {"--no-dev", "--no-interaction", "--optimize-autoloader"} <= set(texts(lines)[1].split())


def test_laravel_with_a_build_script_builds_its_assets_after_composer(app):
    lines = LARAVEL.build(app(package=BUILDS))

    assert ["mkdir -p", "composer install", "npm ci", "npm run"] == first_words(lines)


def test_laravel_shares_its_storage_and_secrets():
    assert (("storage",), (".env",)) == (LARAVEL.shared_dirs, LARAVEL.shared_files)


def test_laravel_is_migrated_before_it_goes_live_and_its_queue_restarted_after():
    before = [line.partition("php artisan ") for line in LARAVEL.before_activate]

    expected = ["storage:link", "optimize", "view:cache", "event:cache"]
    assert expected == [words.removesuffix(" ;; esac") for _, artisan, words in before if artisan]
    assert all("VIEW_COMPILED_PATH=" in env for env, _, words in before if words == "optimize")
    assert LARAVEL.migrates
    assert "else php artisan queue:restart" in LARAVEL.after_activate[0]


def test_laravel_is_shipped_whole_with_its_revision(app):
    assert Ship(revision_file=True) == LARAVEL.ship(app())


@pytest.mark.parametrize(
    ("package", "expected"),
    [(BUILDS, "npm run build"), ('{"dependencies": {"next": "16"}}', "npx next build")],
)
def test_nextjs_is_built_by_its_script_or_by_next(app, package, expected):
    assert (NPM_CI, expected) == NEXTJS.build(app(package=package))


def test_nextjs_standalone_ships_the_server_with_its_static_files(app):
    shipped = NEXTJS.ship(app(".next/standalone/server.js"))

    copy = "cp -a .next/static .next/standalone/.next/"
    expected = Ship(directory=".next/standalone", prepare=(copy,), revision_file=True)
    assert expected == shipped


def test_nextjs_standalone_takes_public_along(app):
    shipped = NEXTJS.ship(app(".next/standalone/server.js", "public/"))

    assert "cp -a public .next/standalone/" == shipped.prepare[-1]


def test_nextjs_server_of_a_workspace_is_found_where_it_stands(app, tmp_path):
    """A lockfile above the checkout makes Next.js rebuild the whole way down to it."""
    inner = f".next/standalone/{tmp_path.name}/tree"
    shipped = NEXTJS.ship(app(f"{inner}/server.js", "public/"))

    assert inner == shipped.directory
    assert f"cp -a .next/static {inner}/.next/" == shipped.prepare[0]


def test_nextjs_standalone_without_a_server_is_an_error(app):
    with pytest.raises(ValueError, match=r"the build left no server\.js"):
        NEXTJS.ship(app(".next/standalone/"))


def test_nextjs_export_ships_out_and_no_revision(app):
    shipped = NEXTJS.ship(app(".next/export-detail.json", "out/index.html"))

    assert Ship(directory="out") == shipped


@pytest.mark.parametrize("names", [("out/index.html",), (".next/export-detail.json",), (".next/",)])
def test_nextjs_without_an_export_of_this_build_is_shipped_whole(app, names):
    assert Ship(revision_file=True) == NEXTJS.ship(app(*names))


def test_static_site_without_a_build_script_is_shipped_without_private_files(app):
    shipped = STATIC.ship(app("index.html", package="{}"))

    assert () == STATIC.build(app())
    assert (".", ("rm -rf ./deploy.yaml ./.git*",)) == (shipped.directory, shipped.prepare)
    assert not shipped.revision_file


def test_static_site_with_a_build_script_is_built(app):
    assert (NPM_CI, "npm run build") == STATIC.build(app(package=BUILDS))


@pytest.mark.parametrize("name", ["dist", "build", "out", "public"])
def test_static_build_ships_the_usual_directory(app, name):
    assert Ship(directory=name) == STATIC.ship(app(f"{name}/", package=BUILDS))


def test_static_build_prefers_dist(app):
    assert "dist" == STATIC.ship(app("public/", "dist/", package=BUILDS)).directory


def test_static_build_that_made_nothing_is_an_error_with_advice(app):
    with pytest.raises(ValueError, match=r"none of dist, build, out, public: .*build\.output"):
        STATIC.ship(app("dist", package=BUILDS))


def test_own_build_of_a_static_site_ships_the_tree(app):
    assert "." == STATIC.ship(app("dist/", package=BUILDS, own_build=True)).directory
