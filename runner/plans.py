"""Which steps a deployment, a rollback and a dry run consist of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deployr.states import Action, Framework, Reason

from . import releases, steps
from .context import Context
from .errors import JobFailedError
from .preflight import problems_of, warnings_of
from .recipes.recipe import Commands
from .steps import Step

Stage = Callable[[Context], Sequence[Step]]
"""Returns the steps that can be known once those before have run."""


def _source(_: Context) -> Sequence[Step]:
    """What comes before anything is known of the app."""
    return (steps.Fetch(), steps.Checkout())


def _deployment(ctx: Context) -> list[Step]:
    """What follows the checkout; steps with nothing to do are left out."""
    recipe, manifest = ctx.recipe, ctx.manifest
    hooks, shared = manifest.deploy.hooks, manifest.deploy.shared
    dirs = tuple(dict.fromkeys((*recipe.shared_dirs, *shared.dirs)))
    files = tuple(dict.fromkeys((*recipe.shared_files, *shared.files)))
    own = manifest.build.commands
    build = recipe.build(ctx.app) if own is None else own
    before, hooked = recipe.before_activate, hooks.before_activate
    pause = recipe.maintenance if manifest.laravel.maintenance else None
    keep = manifest.deploy.keep_releases
    name = releases.release_name(datetime.now(UTC), ctx.task.job_id)
    planned: list[Step | None] = [
        steps.Preflight(files),
        *_recovery(ctx),
        steps.Prune(keep, "make-room"),
        steps.Build(hooks.before_build, build) if hooks.before_build or build else None,
        steps.Release(name, manifest.build.output),
        steps.Link(dirs, files) if dirs or files else None,
        # Before anything is made there, so that it inherits the rights, and after.
        steps.Writable(recipe.writable) if recipe.writable else None,
        steps.Hooks("prepare", before) if before else None,
        steps.BeginMaintenance(pause) if pause else None,
        steps.Migrate() if recipe.migrates else None,
        steps.Hooks("before_activate", hooked) if hooked else None,
        steps.Writable(recipe.writable) if recipe.writable else None,
        *_switch(ctx),
        steps.Prune(keep),
    ]
    return [step for step in planned if step is not None]


def _goal(_: Context) -> Sequence[Step]:
    return (steps.Goal(),)


def _rollback(ctx: Context) -> list[Step]:
    before = ctx.recipe.before_return
    prepare = [steps.Hooks("prepare", before)] if before else []
    return [*_recovery(ctx), *prepare, *_switch(ctx)]


def _recovery(ctx: Context) -> list[Step]:
    """What a crashed deployment left undone."""
    pause = ctx.recipe.maintenance
    return [steps.Recover(pause)] if pause and steps.was_left_down(ctx) else []


def _switch(ctx: Context) -> list[Step]:
    """From a release that is ready to one that is known to be good."""
    after: Commands = (*ctx.recipe.after_activate, *ctx.manifest.deploy.hooks.after_activate)
    check = ctx.manifest.deploy.health_check
    is_paused = ctx.manifest.laravel.maintenance or steps.was_left_down(ctx)
    pause = ctx.recipe.maintenance if is_paused else None
    restarts = ctx.manifest.deploy.restart
    planned: list[Step | None] = [
        *(_nextjs(ctx) if ctx.recipe.framework is Framework.NEXTJS else []),
        steps.Activate(after, restarts),
        steps.Restart(restarts) if restarts else None,
        steps.Hooks("after_activate", after) if after else None,
        steps.EndMaintenance(pause) if pause else None,
        steps.Health(check) if check else _default_health(ctx),
        steps.Confirm(),
    ]
    return [step for step in planned if step is not None]


def _nextjs(ctx: Context) -> list[Step]:
    """What shows before the switch that visitors of a Next.js app will be served."""
    wanted = ctx.manifest.nextjs
    assets: list[Step] = [steps.Assets(wanted.keep_assets)] if wanted.keep_assets else []
    return assets if wanted.smoke_check is False else [*assets, steps.Smoke(wanted.smoke_check)]


def _default_health(ctx: Context) -> Step | None:
    find = ctx.recipe.health
    return steps.DefaultHealth(find) if find and ctx.manifest.laravel.up_check else None


@dataclass(frozen=True)
class _Describe:
    """Say what a deployment would do, and what stands in its way."""

    planned: Sequence[Step]
    name: str = "plan"

    def plan(self, _: Context) -> list[str]:
        return []

    def run(self, ctx: Context) -> None:
        problems: list[str] = []
        for step in self.planned:
            if isinstance(step, steps.Release):
                ctx.release = step.release
            if isinstance(step, steps.Preflight):
                found = step.findings(ctx)
                problems += problems_of(found)
                for text in warnings_of(found):
                    ctx.log.line(f"warning: {text}")
            _show(ctx, step.name, step.plan(ctx))
        if hooks := ctx.manifest.deploy.hooks.on_failure:
            lines = steps.as_lines(hooks, ctx.task.root, "on_failure")
            _show(ctx, "on_failure, should a step fail", lines)
        if problems:
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))

    def undo(self, ctx: Context) -> None:
        """Nothing was done."""


def _show(ctx: Context, title: str, lines: Sequence[str]) -> None:
    ctx.log.line(f"would {title}")
    for line in lines:
        ctx.log.line(f"    {line}")


STAGES: dict[Action, tuple[Stage, ...]] = {
    Action.DEPLOY: (_source, _deployment),
    Action.ROLLBACK: (_goal, _rollback),
    Action.PLAN: (_source, lambda ctx: (_Describe(_deployment(ctx)),)),
}
