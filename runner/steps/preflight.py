"""The look at everything that would fail later, before anything changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deployr.states import Framework, Reason

from .. import releases
from ..context import Context
from ..errors import JobFailedError
from ..preflight import Finding, problem, problems_of, warnings_of
from ..preflight.account import planned_public
from ..preflight.app import app_findings, floor_of
from ..preflight.disk import Room, disk_findings
from ..preflight.network import page_findings, port_findings
from ..preflight.place import is_closed, lost_findings, shared_findings, stuck_findings
from ..tools import asker
from ..writable import php_users, strangers
from . import envfile
from .envfile import ENV_FILE


@dataclass(frozen=True)
class Preflight:
    """Find everything that would fail later, then keep other deployments out."""

    shared_files: tuple[str, ...]
    name: str = "preflight"

    def plan(self, _: Context) -> list[str]:
        return []

    def findings(self, ctx: Context) -> list[Finding]:
        """Say what is wrong, all of it, and change nothing."""
        if not ctx.target.is_here:
            return self._of_account(ctx)
        open_ = not is_closed(ctx.task.root)
        live = _live(ctx) if open_ else None
        ask = asker(ctx.shell, ctx.recipe.env)
        return [
            *ctx.target.findings(ctx.task.entry),
            *map(problem, ctx.recipe.problems(ctx.app)),
            *app_findings(ctx.app, ctx.recipe, live, ask),
            *_network(ctx, is_live=live is not None),
            *(map(problem, self._missing_files(ctx)) if open_ else ()),
            *(_room(ctx, live) if open_ else ()),
            *(self._lost(ctx, live) if live else ()),
        ]

    def _of_account(self, ctx: Context) -> list[Finding]:
        """Say what is wrong with a hosting account, and with what this machine builds for it."""
        ctx.target.serve(planned_public(ctx.app, ctx.recipe))
        found = ctx.target.findings(ctx.task.entry)
        if problems_of(found):  # of one that does not answer nothing more can be known
            return found
        return [
            *found,
            *map(problem, ctx.recipe.problems(ctx.app)),
            *ctx.target.lacks(ctx.app, ctx.recipe, ctx.manifest),
            *app_findings(ctx.app, ctx.recipe, None, asker(ctx.shell, ctx.recipe.env)),
            *_network(ctx, is_live=ctx.target.live_release() is not None),
            *map(problem, self._missing_files(ctx)),
            *disk_findings((ctx.work,), [ctx.tree], _floor(ctx)),
        ]

    def run(self, ctx: Context) -> None:
        found = self.findings(ctx)
        for text in warnings_of(found):
            ctx.log.line(f"warning: {text}")
        if problems := problems_of(found):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))
        ctx.target.prepare()
        if not ctx.target.lock():
            raise JobFailedError(
                Reason.PREFLIGHT_FAILED,
                f"another deployment is working in {ctx.task.root}; try again when it is done",
            )
        ctx.target.clear_leftovers(self.shared_files)
        if ctx.task.env_text is not None and ENV_FILE not in self.shared_files:
            users = "build and hooks" if ctx.manifest.build.env_file else "hooks"
            ctx.log.line(
                f"{ctx.task.env_file} goes to {users} only: the app gets no .env, as .env is not "
                "in deploy.shared.files"
            )
        ctx.log.line(f"fine: {ctx.task.root}, tools, disk, memory; no other deployment is at work")

    def undo(self, ctx: Context) -> None:
        """The lock is given back when the deployment ends, whichever way."""

    def _lost(self, ctx: Context, live: Path) -> list[Finding]:
        """Say what is shared so far, and not as this deployment's deploy.yaml has it."""
        dirs = (*ctx.recipe.shared_dirs, *ctx.manifest.deploy.shared.dirs)
        return lost_findings(live, ctx.task.root / "shared", (*dirs, *self.shared_files))

    def _missing_files(self, ctx: Context) -> list[str]:
        return [
            *(_missing(ctx, name) for name in self.shared_files if not _will_exist(ctx, name)),
            *(envfile.problems(ctx) if ENV_FILE in self.shared_files else ()),
        ]


def _live(ctx: Context) -> Path | None:
    name = ctx.target.live_release()
    return ctx.target.release_path(name) if name else None


def _floor(ctx: Context) -> Room:
    return floor_of(ctx.recipe.framework, ctx.recipe.tools(ctx.app))


def _network(ctx: Context, *, is_live: bool) -> list[Finding]:
    check, smoke = ctx.manifest.deploy.health_check, ctx.manifest.nextjs.smoke_check
    is_tried = ctx.recipe.framework is Framework.NEXTJS and smoke is not False
    return [
        *(port_findings() if is_tried else ()),
        # Before the first release nothing can answer.
        *(page_findings(check.url) if check and is_live else ()),
    ]


def _room(ctx: Context, live: Path | None) -> Iterable[Finding]:
    """Look at the disk, and at what is to be removed to make room on it."""
    old = _superfluous(ctx)
    models = [ctx.tree, *([live] if live else [])]
    return [
        *disk_findings((ctx.task.root, ctx.work), models, _floor(ctx), spare=old),
        *(() if ctx.task.account else _ownership(ctx, old)),
    ]


def _ownership(ctx: Context, old: list[Path]) -> list[Finding]:
    """Say what belongs to others. A build user may own what is shared, and removes its releases."""
    shared = ctx.task.root / "shared"
    return [
        *shared_findings(shared, ctx.recipe.shared_dirs, strangers(php_users())),
        *stuck_findings(old),
    ]


def _superfluous(ctx: Context) -> list[Path]:
    target, keep = ctx.target, ctx.manifest.deploy.keep_releases
    gone = releases.superfluous(target.present(), target.records(), target.live_release(), keep)
    return [target.release_path(name) for name in gone]


def _will_exist(ctx: Context, name: str) -> bool:
    # A .env from the repository would be a secret that everybody has: it is looked at elsewhere.
    return name == ENV_FILE or ctx.target.has_shared(name) or (ctx.tree / name).is_file()


def _missing(ctx: Context, name: str) -> str:
    return f"the shared file {ctx.target.shared_path(name)} is missing: make it on the server"
