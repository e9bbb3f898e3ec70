"""The restart of what keeps the app running."""

from dataclasses import dataclass
from os import geteuid

from deployr.sections import Restart as Entry

from ..context import Context
from ..restarts import call_for, restart_all


@dataclass(frozen=True)
class Restart:
    """Tell systemd, pm2 or supervisor, in the order of deploy.yaml."""

    entries: tuple[Entry, ...]
    name: str = "services"

    def plan(self, ctx: Context) -> list[str]:
        root = ctx.task.root
        calls = [call_for(entry, root, is_root=geteuid() == 0) for entry in self.entries]
        return [" ".join(call.argv) for call in calls]

    def run(self, ctx: Context) -> None:
        restart_all(ctx, self.entries)

    def undo(self, ctx: Context) -> None:
        """The undo of the switch restarts once more, when the earlier release is back."""
