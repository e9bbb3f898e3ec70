"""What the files of a Laravel release tell, and what its migrations print: no PHP is started."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from deployr.plainfile import read_plain
from deployr.sections import HealthCheck

from .recipe import Lines

FRAMEWORK = "vendor/laravel/framework/src/Illuminate"

BUSY = 75
"""Exit code with which an isolated `migrate` says that another one is at work."""

_ISOLATED = f"--isolated={BUSY}"
MIGRATE = "php artisan migrate --force"

# Laravel 8 writes "Migrated:  NAME (1.2ms)", later ones "NAME ........ 1.2ms DONE".
_RAN = re.compile(r"^(?:Migrated:\s+(\S+).*|\s*(\d{4}_\S+) .*\bDONE\s*)$", re.MULTILINE)

HEALTH_FILES = ("bootstrap/cache/routes*.php",)
"""What `default_health_check` looks at."""

_UP_ROUTE = re.compile(r"^\s*'/up' =>", re.MULTILINE)
_DEFAULT_HOST = "localhost"
_ATTEMPTS = 5  # PHP answers at once: what is sick now stays so


def migrate_line(release: Path) -> str:
    """Return the command that migrates; with a lock against other servers from Laravel 9.38 on."""
    command = release / FRAMEWORK / "Database/Console/Migrations/MigrateCommand.php"
    try:
        can_lock = b"Isolatable" in read_plain(command)
    except OSError:
        can_lock = False
    return f"{MIGRATE} {_ISOLATED}" if can_lock else MIGRATE


def lacks_locks(output: str) -> bool:
    """Tell whether migrating failed because the table of locks is itself still to be made."""
    return "cache_locks" in output and not ran_migrations(output)


def ran_migrations(output: str) -> Lines:
    """Return the names of the migrations that `migrate` says it ran, in their order."""
    return tuple(old or new for old, new in _RAN.findall(output))


def default_health_check(release: Path, env: Mapping[str, str]) -> HealthCheck | None:
    """Return a check of the page `/up` when the release has it and APP_URL says where.

    An APP_URL of `http://localhost` is what Laravel's template says, and no answer.
    """
    app_url = env.get("APP_URL", "").rstrip("/")
    if urlsplit(app_url).netloc == _DEFAULT_HOST:
        return None
    cached = [path for pattern in HEALTH_FILES for path in release.glob(pattern)]
    if not any(map(_has_up_route, cached)):
        return None
    try:
        return HealthCheck(url=f"{app_url}/up", attempts=_ATTEMPTS, interval=1)
    except ValidationError:
        return None


def _has_up_route(routes: Path) -> bool:
    try:
        return bool(_UP_ROUTE.search(read_plain(routes).decode(errors="replace")))
    except OSError:
        return False
