"""Laravel: built in the checkout, finished at its final path, since its caches hold that path."""

from deployr.states import Framework

from .laravel_facts import FRAMEWORK, default_health_check
from .recipe import NPM_CI, App, BuildLines, Install, Lines, Maintenance, Recipe, Ship, npm_problems

_COMPOSER = Install(
    "composer install --no-dev --no-interaction --no-progress --prefer-dist --optimize-autoloader",
    "composer",
)

# Git does not keep empty directories, and without these every artisan command fails.
_DIRECTORIES = (
    "mkdir -p bootstrap/cache storage/app/public storage/logs storage/framework/cache/data "
    "storage/framework/sessions storage/framework/views"
)

# A link that came with the checkout points elsewhere, and storage:link would leave it so.
_STALE_LINK = "if [ -L public/storage ]; then rm public/storage; fi"

# view:cache removes compiled views first: in the shared storage those would be the live release's,
# under its visitors' eyes. So each release has its own, where the app's config leaves that open.
_VIEWS = "bootstrap/cache/views"
_OWN_VIEWS = f'VIEW_COMPILED_PATH="${{VIEW_COMPILED_PATH:-$DEPLOYR_RELEASE/{_VIEWS}}}"'
_OPTIMIZE = f"mkdir -p {_VIEWS}; {_OWN_VIEWS} php artisan optimize"
# Hosting accounts may have no grep.
_HAS_OWN_VIEWS = f'case "$(cat bootstrap/cache/config.php)" in *"/{_VIEWS}"*)'
_CACHE_VIEWS = f"{_HAS_OWN_VIEWS} {_OWN_VIEWS} php artisan view:cache ;; esac"
_CACHE_CONFIG = f"mkdir -p {_VIEWS}; {_OWN_VIEWS} php artisan config:cache"

# The page is made beforehand, so that visitors get it also while no PHP class can be loaded.
_DOWN = "php artisan down --retry=15 --render=errors::503 || php artisan down --retry=15"

# The signal is a file in shared storage, where the web server's group may have to write too.
_RESTART = (
    f"umask 0002; if [ -f {FRAMEWORK}/Foundation/Console/ReloadCommand.php ]; "
    "then php artisan reload; else php artisan queue:restart; fi"
)
_HORIZON = "if [ -d vendor/laravel/horizon ]; then php artisan horizon:terminate; fi"


def _tools(app: App) -> Lines:
    if app.own_build:
        return ("php",)
    return ("php", "composer", *(("node", "npm") if app.has_build_script else ()))


def _problems(app: App) -> Lines:
    return npm_problems(app) if app.has_build_script else ()


def _build(app: App) -> BuildLines:
    assets = (NPM_CI, "npm run build") if app.has_build_script else ()
    return (_DIRECTORIES, _COMPOSER, *assets)


RECIPE = Recipe(
    framework=Framework.LARAVEL,
    tools=_tools,
    problems=_problems,
    build=_build,
    ship=lambda _: Ship(revision_file=True),
    public="public",
    env={"COMPOSER_ALLOW_SUPERUSER": "1"},
    shared_dirs=("storage",),
    shared_files=(".env",),
    writable=("bootstrap/cache", "storage"),
    before_activate=(
        _DIRECTORIES,
        _STALE_LINK,
        "php artisan storage:link",
        _OPTIMIZE,
        _CACHE_VIEWS,
        "php artisan event:cache",
    ),
    migrates=True,
    maintenance=Maintenance(down=_DOWN, up="php artisan up"),
    after_activate=(_RESTART, _HORIZON),
    # The env file may say something else by now than what the release has cached.
    before_return=(_CACHE_CONFIG,),
    health=default_health_check,
)
