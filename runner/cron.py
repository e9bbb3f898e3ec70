"""Cron jobs of a Laravel app: where no service runs, they start its scheduler and its queue."""

import re
import shlex

from .hosts.host import Host, HostError

# Nothing else that goes wrong may look like an empty table: it is written anew as a whole.
_READ = """LC_ALL=C; export LC_ALL
said=$(crontab -l 2>&1 >/dev/null) || case $said in *"no crontab for"*) exit 0 ;;
*) printf '%s\\n' "$said" >&2; exit 1 ;; esac
exec crontab -l
"""
_WRITE = "crontab -"


def lines(php: str, live: str) -> list[str]:
    """Return the cron jobs of a Laravel app; `live` is the path of its link `current`.

    The queue's worker ends when there is nothing to do, and before the next minute begins: a
    worker that goes on would serve the release before.
    """
    place = _escaped(f"cd {shlex.quote(live)} && {shlex.quote(php)} artisan")
    return [
        f"* * * * * {place} schedule:run >/dev/null 2>&1",
        f"* * * * * {place} queue:work --stop-when-empty --max-time=55 >/dev/null 2>&1",
    ]


def block(project: str, jobs: list[str]) -> str:
    """Return the jobs between the lines by which they are found again."""
    begin, end = _borders(project)
    return "\n".join((begin, *jobs, end)) + "\n"


def with_block(table: str, project: str, jobs: list[str]) -> str:
    """Return a crontab with these jobs of a project in place of those that it had; none: without.

    Everything else in it stays as it is. Raises ValueError when a block has no end.
    """
    begin, end = _borders(project)
    rest = re.sub(rf"(?ms)^{re.escape(begin)}\n.*?^{re.escape(end)}(\n|\Z)", "", table)
    if begin in rest.splitlines():
        raise ValueError(f"the crontab has the line `{begin}` without `{end}`; remove it by hand")
    if not jobs:
        return rest
    return (f"{rest.rstrip()}\n" if rest.strip() else "") + block(project, jobs)


def change(host: Host, project: str, jobs: list[str]) -> bool:
    """Have the host run these jobs of a project, none: no longer; tell whether that was new.

    Raises HostError.
    """
    table = host.ask(_READ).decode(errors="surrogateescape")
    try:
        wanted = with_block(table, project, jobs)
    except ValueError as error:
        raise HostError(f"{host.name}: {error}") from None
    if wanted == table:
        return False
    host.ask(_WRITE, stdin=[wanted.encode(errors="surrogateescape")])
    return True


def _borders(project: str) -> tuple[str, str]:
    return f"# deployr {project} begin", f"# deployr {project} end"


def _escaped(line: str) -> str:
    """Escape what cron takes for the end of a line."""
    return line.replace("%", "\\%")
