"""The health check of an app whose deploy.yaml has none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployr.sections import HealthCheck

from ..context import Context
from ..envfile import values_of
from ..health import wait_until_healthy
from ..recipes.laravel_facts import HEALTH_FILES
from .envfile import ENV_FILE


@dataclass(frozen=True)
class DefaultHealth:
    """Ask the page that the recipe finds in the release, if there is an older one to go back to."""

    find: Callable[[Path, Mapping[str, str]], HealthCheck | None]
    name: str = "health"

    def plan(self, _: Context) -> list[str]:
        return ["ask /up at the APP_URL of .env, if the release has that page"]

    def run(self, ctx: Context) -> None:
        env = values_of(ctx.target.shared_text(ENV_FILE) or "")
        check = self.find(ctx.target.look_into(ctx.release, HEALTH_FILES), env)
        if check is None:
            ctx.log.line("not checked: put a page that shows its health at deploy.health_check")
        elif not self._has_other(ctx):
            ctx.log.line(f"not checked, as there is no earlier release to go back to: {check.url}")
        else:
            ctx.log.line(f"deploy.yaml has no health_check, so {check.url} is asked")
            wait_until_healthy(check, ctx.stop, ctx.log.line)

    def undo(self, ctx: Context) -> None:
        """It only asked."""

    @staticmethod
    def _has_other(ctx: Context) -> bool:
        records = ctx.target.records().values()
        return any(one.state == "good" and one.release != ctx.release for one in records)
