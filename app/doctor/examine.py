"""All that `flask deployr doctor` looks at, in the order of what depends on what."""

from collections.abc import Iterable

from app.doctor import bucket, database, github, host, outside
from app.doctor.finding import Check, Finding, Level

ALWAYS: tuple[Check, ...] = (
    host.check_python,
    host.check_secret_key,
    host.check_settings_file,
    host.check_places,
    bucket.check_bucket,
    database.check_server,
    host.check_answers,
)
STARTED: tuple[Check, ...] = (
    database.check_migrations,
    host.check_load,
    outside.check_address,
    github.check_github,
)
"""What only a backend shows that runs and is migrated."""


def examine(*, before_start: bool) -> list[Finding]:
    """Return what was found; `before_start` leaves out what nobody can tell by then."""
    checks = ALWAYS if before_start else ALWAYS + STARTED
    return [finding for check in checks for finding in check()]


def is_fine(found: Iterable[Finding], *, before_start: bool) -> bool:
    """Tell whether there is nothing to do; what works can start although it has a flaw."""
    fine = {Level.OK, Level.WARNING} if before_start else {Level.OK}
    return all(finding.level in fine for finding in found)
