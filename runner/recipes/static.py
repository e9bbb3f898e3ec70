"""Static sites: the files as they are, or what their build script makes of them."""

from deployr.states import Framework

from .recipe import NPM_CI, App, BuildLines, Lines, Recipe, Ship, npm_problems

_OUTPUTS = ("dist", "build", "out", "public")
_PRIVATE = "rm -rf ./deploy.yaml ./.git*"


def _tools(app: App) -> Lines:
    return ("node", "npm") if _is_built(app) else ()


def _build(app: App) -> BuildLines:
    return (NPM_CI, "npm run build") if _is_built(app) else ()


def _ship(app: App) -> Ship:
    if not _is_built(app):
        return Ship(prepare=(_PRIVATE,))
    for name in _OUTPUTS:
        if (app.tree / name).is_dir():
            return Ship(directory=name)
    tried = ", ".join(_OUTPUTS)
    raise ValueError(f"the build made none of {tried}: name its directory as build.output")


def _is_built(app: App) -> bool:
    return app.has_build_script and not app.own_build


RECIPE = Recipe(
    framework=Framework.STATIC,
    tools=_tools,
    problems=lambda app: npm_problems(app) if _is_built(app) else (),
    build=_build,
    ship=_ship,
)
