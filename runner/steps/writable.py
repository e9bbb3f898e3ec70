"""What the app writes while it runs must be open to PHP's user, who may be another than ours."""

from dataclasses import dataclass

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
        release, openers = ctx.target.release_path(ctx.release), openers_for(ctx)
        for opener in openers:
            for name in self.dirs:
                top = (release / name).resolve()
                if error := writable.open_up(top, opener):
                    ctx.log.line(
                        f"warning: not everything in {top} can be opened to PHP's user: "
                        f'{error.strerror}; see "Users and rights" in Deployr\'s docs/runner.md'
                    )
                    return

    def undo(self, ctx: Context) -> None:
        """What is shared stays open: the live release writes there too."""


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
