"""Laravel: built in the checkout, finished at its final path, since its caches hold that path."""

from deployr.states import Framework

from .recipe import App, Lines, Recipe, Ship, npm_problems

_COMPOSER = (
    "composer install --no-dev --no-interaction --no-progress --prefer-dist --optimize-autoloader"
)

# Git does not keep empty directories, and without these every artisan command fails.
_DIRECTORIES = (
    "mkdir -p bootstrap/cache storage/app/public storage/logs storage/framework/cache/data "
    "storage/framework/sessions storage/framework/views"
)

# A link that came with the checkout points elsewhere, and storage:link would leave it so.
_STALE_LINK = "if [ -L public/storage ]; then rm public/storage; fi"


def _tools(app: App) -> Lines:
    if app.own_build:
        return ("php",)
    return ("php", "composer", *(("node", "npm") if app.has_build_script else ()))


def _problems(app: App) -> Lines:
    return npm_problems(app) if app.has_build_script else ()


def _build(app: App) -> Lines:
    assets = ("npm ci", "npm run build") if app.has_build_script else ()
    return (_DIRECTORIES, _COMPOSER, *assets)


RECIPE = Recipe(
    framework=Framework.LARAVEL,
    tools=_tools,
    problems=_problems,
    build=_build,
    ship=lambda _: Ship(revision_file=True),
    env={"COMPOSER_ALLOW_SUPERUSER": "1"},
    shared_dirs=("storage",),
    shared_files=(".env",),
    before_activate=(
        _DIRECTORIES,
        _STALE_LINK,
        "php artisan storage:link",
        "php artisan migrate --force",
        "php artisan optimize",
        "php artisan view:cache",
        "php artisan event:cache",
    ),
    after_activate=("php artisan queue:restart",),
    # The env file may say something else by now than what the release has cached.
    before_return=("php artisan config:cache",),
)
