"""What the app writes while it runs must be open to PHP's user, who may be another than ours."""

import pwd
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
        opener = self._opener(ctx)
        if opener is None:
            return
        for name in self.dirs:
            top = (ctx.target.release_path(ctx.release) / name).resolve()
            if error := writable.open_up(top, opener):
                ctx.log.line(
                    f"warning: not everything in {top} can be opened to PHP's user: "
                    f'{error.strerror}; see "Users and rights" in Deployr\'s docs/runner.md'
                )
                return

    def undo(self, ctx: Context) -> None:
        """What is shared stays open: the live release writes there too."""

    @staticmethod
    def _opener(ctx: Context) -> writable.Open | None:
        shared = ctx.task.root / "shared"
        if (group := writable.shared_group(shared)) is not None:
            return writable.for_group(group)
        users = writable.strangers(writable.php_users())
        if len(users) == 1:
            (user,) = users
            ctx.log.line(
                f"PHP runs as {pwd.getpwuid(user).pw_name}, who may write there from now on"
            )
            return writable.for_user(user)
        if users:
            ctx.log.line(
                f"warning: PHP runs as several users here, and which one serves this app is "
                f"unknown: chgrp its group to {shared} and run chmod g+s {shared}"
            )
        return None
