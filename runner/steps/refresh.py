"""After a switch: the PHP of a hosting account is nobody's to restart, and is asked to look anew."""

import shlex
from urllib.parse import urlsplit

from deployr.states import Framework

from ..context import Context
from ..envfile import values_of
from ..hosts.host import HostError
from .envfile import ENV_FILE


def refresh(ctx: Context) -> None:
    """Have it forget the code of the release before; what goes wrong is a warning."""
    if ctx.target.is_here or ctx.recipe.framework is not Framework.LARAVEL:
        return
    if not ctx.before:
        entry = ctx.task.entry
        words = shlex.join([entry.key, "--environment", entry.environment])
        ctx.log.line(f"cron jobs for its scheduler and its queue: deployr-runner cron {words}")
    try:
        url = _address(ctx)
        problem = ctx.target.forget_code(url) if url else _NO_ADDRESS
    except HostError as error:
        problem = f"PHP's caches were not reset: {error}"
    ctx.log.line(f"warning: {problem}" if problem else "PHP's caches are reset")


_NO_ADDRESS = (
    "PHP's caches were not reset, as the site's address is unknown: set APP_URL in its env file, or "
    "deploy.health_check; visitors may get code of the release before for two minutes"
)


def _address(ctx: Context) -> str | None:
    """Return where visitors reach the app: as its .env says, or where its health is asked for."""
    env = values_of(ctx.target.shared_text(ENV_FILE) or "")
    check = ctx.manifest.deploy.health_check
    if check:
        parts = urlsplit(check.url)
        return f"{parts.scheme}://{parts.netloc}"
    url = env.get("APP_URL", "")
    return url if urlsplit(url).scheme in {"http", "https"} else None
