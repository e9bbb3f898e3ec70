"""What the app writes while it runs must be open to PHP's user, who may be another than ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from .. import writable
from ..context import Context


@dataclass(frozen=True)
class Writable:
    """Open directories of the release, or shared, to PHP's user; what can't be is a warning."""

    dirs: tuple[str, ...]
    name: str = "writable"

    def plan(self, ctx: Context) -> list[str]:
        place = ctx.target.release_path(ctx.release)
        return [f"let PHP's user write in {place / name}" for name in self.dirs]

    def run(self, ctx: Context) -> None:
        # Elsewhere the app runs as the user that deploys it.
        openers = openers_for(ctx) if ctx.target.is_here else []
        if openers:
            open_all(ctx, [(self._root(ctx, name), name) for name in self.dirs], openers)

    def undo(self, ctx: Context) -> None:
        """What is shared stays open: the live release writes there too."""

    @staticmethod
    def _root(ctx: Context, name: str) -> Path:
        """Return where `name` stands: builds may have put links that lead elsewhere."""
        common = (*ctx.recipe.shared_dirs, *ctx.manifest.deploy.shared.dirs)
        is_shared = any(PurePath(name).is_relative_to(each) for each in common)
        if is_shared:
            return ctx.target.shared_path("").resolve()
        return ctx.target.release_path(ctx.release)


def open_all(
    ctx: Context, places: Iterable[tuple[Path, str]], openers: Sequence[writable.Open]
) -> None:
    """Open directories, each given as its root and its name there; what can't be is a warning."""
    for root, name in places:
        if error := writable.open_up(root, name, openers):
            ctx.log.line(
                f"warning: not everything in {root / name} can be opened to those who write "
                f'there: {error.strerror}; see "Users and rights" in Deployr\'s docs/runner.md'
            )


def openers_for(ctx: Context) -> list[writable.Open]:
    """Return what lets PHP's user write; nothing when that is who builds or deploys."""
    shared, account = ctx.task.root / "shared", ctx.task.account
    group = writable.shared_group(shared)
    found = [] if group is None else [writable.for_group(group)]
    users = writable.outside(writable.strangers(writable.php_users()), group)
    if account and account.uid in {user.uid for user in users}:
        return found
    if len(users) > 1:
        ctx.log.line(
            f"warning: PHP runs as several users here, and which one serves this app is "
            f"unknown: give {shared} its group (chgrp) and run chmod g+s {shared}"
        )
    elif users:
        ctx.log.line(f"PHP runs as {users[0].name}, who may write where the app writes")
        found.append(writable.for_user(users[0].uid))
    return found
