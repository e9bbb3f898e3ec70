"""From the built tree to a release that is ready to go live."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from deployr.states import Framework, Reason

from .. import writable
from ..accounts import Account
from ..context import Context
from ..descriptors import create, directory_below
from ..errors import JobFailedError
from ..preflight.account import NEITHER, public_of
from ..recipes import Ship
from ..recipes.recipe import Commands
from ..targets.links import outermost
from . import envfile
from .envfile import ENV_FILE
from .step import as_lines
from .writable import open_all, openers_for


@dataclass(frozen=True)
class Release:
    """Move what is to be shipped into the releases directory."""

    release: str
    output: str | None
    name: str = "release"

    def plan(self, ctx: Context) -> list[str]:
        what = self.output or "what the build makes"
        return [f"{what} becomes {ctx.target.release_path(self.release)}"]

    def run(self, ctx: Context) -> None:
        ship = self._ship(ctx)
        ctx.run_lines(ship.prepare, ctx.tree)
        if ctx.task.account:
            # From here on the runner itself writes there: nobody may exchange a name for a link.
            ctx.shell.sweep()
        # What is moved must be the directory itself: a link to it would dangle afterwards.
        source = (ctx.tree / ship.directory).resolve()
        if not source.is_dir() or not source.is_relative_to(ctx.tree.resolve()):
            raise JobFailedError(
                Reason.PREFLIGHT_FAILED, f"the build left no directory {ship.directory}"
            )
        if ship.revision_file:
            _write_revision(ctx.tree, source, ctx.commit)
        if not ctx.target.is_here:
            self._choose(ctx, ship, source)
        ctx.release = self.release
        ctx.built = ctx.target.receive(source, self.release)

    def undo(self, ctx: Context) -> None:
        if ctx.release_state == "building":
            ctx.target.discard(self.release)
            ctx.note_migrations()

    def _choose(self, ctx: Context, ship: Ship, source: Path) -> None:
        """Say what of it visitors get; never all the files of an app that is a server."""
        is_nextjs = ctx.recipe.framework is Framework.NEXTJS
        if is_nextjs and self.output is None and ship.directory == ".":
            raise JobFailedError(Reason.PREFLIGHT_FAILED, NEITHER)
        ctx.target.serve(public_of(source, ctx.recipe))

    def _ship(self, ctx: Context) -> Ship:
        if self.output is not None:
            return Ship(directory=self.output)
        try:
            return ctx.recipe.ship(ctx.app)
        except ValueError as error:
            raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from None


@dataclass(frozen=True)
class Link:
    """Link what is shared between releases into the new one."""

    dirs: tuple[str, ...]
    files: tuple[str, ...]
    name: str = "link"

    def plan(self, ctx: Context) -> list[str]:
        place = ctx.target.release_path(ctx.release)
        return [
            f"{place / name} becomes a link to {ctx.target.shared_path(name)}"
            for name in (*self.dirs, *self.files)
        ]

    def run(self, ctx: Context) -> None:
        if ENV_FILE in self.files:
            envfile.write(ctx)
        if ENV_FILE in self.files and ctx.recipe.framework is Framework.STATIC:
            ctx.log.line(
                f"warning: .env is linked into a static site: if {ctx.task.root}/current is a "
                "document root, everybody can read your secrets"
            )
        ctx.target.link(ctx.release, self.dirs, self.files)
        if ctx.task.account and ctx.target.is_here:
            self._open(ctx, ctx.task.account)
        ctx.log.line(f"shared: {', '.join((*self.dirs, *self.files))}")

    def undo(self, ctx: Context) -> None:
        """The links go with the release; what is shared stays."""

    def _open(self, ctx: Context, account: Account) -> None:
        """Let hooks write where the runner made files, and PHP's user in what hooks will make."""
        openers = [writable.for_user(account.uid)]
        if ctx.recipe.writable:
            openers += openers_for(ctx)
        shared = ctx.target.shared_path("").resolve()
        # Only these are made by the runner: in those further down, hooks may have put links.
        open_all(ctx, [(shared, name) for name in outermost(self.dirs)], openers)


@dataclass(frozen=True)
class Hooks:
    """Commands in the new release: before it goes live, or after."""

    name: str
    """Of hooks their key in deploy.yaml."""
    lines: Commands

    def plan(self, ctx: Context) -> list[str]:
        return as_lines(self.lines, ctx.target.release_path(ctx.release), self.name)

    def run(self, ctx: Context) -> None:
        ctx.run_lines(self.lines, ctx.target.release_path(ctx.release))

    def undo(self, ctx: Context) -> None:
        """What the app's own commands did, Deployr can't take back."""


def _write_revision(tree: Path, directory: Path, commit: str) -> None:
    name = "REVISION"
    with directory_below(tree, directory.relative_to(tree.resolve())) as place:
        # A link of that name in the repository must not be written through.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)
        with os.fdopen(create(name, place), "w", encoding="ascii") as file:
            file.write(commit + "\n")
