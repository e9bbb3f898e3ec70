"""`deployr-runner adopt`: take over an app that another tool, or nobody, has deployed."""

import errno
from pathlib import Path

import click

from deployr.states import Framework
from deployr.wire import DEFAULT_ENVIRONMENT

from ..adopt import NO_COMMIT, Takeover, known_commit, survey, unfinished
from ..allowlist import Allow, entry_named
from ..asking import confirm
from ..config import Places, load
from ..errors import RunnerError
from ..leftovers import git, leftover_lines, leftovers, shared_section, tracked_files
from ..takeover import take_over
from ..workspace import mirror_directory

_PHP = "          fastcgi_param SCRIPT_FILENAME $realpath_root$fastcgi_script_name;"


@click.command()
@click.argument("project")
@click.option("--environment", "name", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option(
    "--shared-dir",
    "--shared-file",
    "shared",
    multiple=True,
    help="Directory or file in the app that all releases share; repeatable. Laravel: "
    "storage and .env are shared anyway.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def adopt(
    places: Places, /, project: str, name: str, *, shared: tuple[str, ...], dry_run: bool, yes: bool
) -> None:
    """Make the app that is live in a project's path its first release.

    The app may be in <path> itself, or in a real directory <path>/current. The site is served all
    the time, also from its old document root, until you change that. Killed half-way, the next
    run finishes it.

    \b
    Example:
      sudo deployr-runner adopt my-app --shared-dir uploads
    """
    entry = entry_named(load(places).allow, project, name)
    if entry.is_account:
        raise RunnerError(
            f"{entry.title} goes to a hosting account ({entry.place}), where nothing is to be taken "
            "over: the first deployment keeps what the document root holds"
        )
    root = Path(entry.path).resolve()
    what = survey(root, shared)
    if not unfinished(root):
        what = what.model_copy(update={"commit": _commit(what.app(root))})
    for line in (*_plan(root, what), *_left_behind(places, entry, root, what)):
        click.echo(line)
    if dry_run:
        return
    if not yes:
        confirm("Do it?", f"adopting {project}")
    _do(root, what, places.config.stat().st_uid)
    for line in _advice(root, what):
        click.echo(line)


def _do(root: Path, what: Takeover, owner: int) -> None:
    try:
        take_over(root, what, owner)
    except PermissionError as error:
        raise RunnerError(f"{error.filename} can't be changed by this user: use sudo") from None
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EXDEV}:
            raise
        raise RunnerError(
            f"the file system of {error.filename} can't exchange two names in one step, so the "
            "site would be gone for a moment: move the app by hand while nobody visits it"
        ) from None


def _plan(root: Path, what: Takeover) -> list[str]:
    if unfinished(root):
        return [f"A takeover of {root} as {what.release} was interrupted; this finishes it."]
    release = root / "releases" / what.release
    links = [f"{root}/… -> current/…, so that all old paths go on to work"]
    return [
        f"{what.app(root)} ({what.framework}) becomes {release}",
        f"{root}/current -> releases/{what.release}",
        *(links if what.layout == "root" else ()),
        *(f"{name} moves to {root}/shared/{name}; a link stays" for name in what.shared),
    ]


def _left_behind(places: Places, entry: Allow, root: Path, what: Takeover) -> list[str]:
    """Say what only this server has: the app's next release comes from its repository."""
    if unfinished(root):
        return []
    app = what.app(root)
    tracked = tracked_files(app, mirror_directory(places.repos, entry.repo))
    names = leftovers(app, what, tracked)
    return leftover_lines(app, names, known=tracked is not None)


def _advice(root: Path, what: Takeover) -> list[str]:
    """Say what the owner should change, now that the app is where Deployr expects it."""
    top = root / "current"
    public = top / "public" if what.framework is Framework.LARAVEL else top
    release = root / "releases" / what.release
    lines = [
        f"Done: {release} is the first release: a rollback can go back to it, and it is never removed.",
        f"The document root is now {public}",
        f"  nginx:  root {public};",
        *([_PHP] if what.framework is Framework.LARAVEL else []),
        f"  Apache: DocumentRoot {public}  with Options +FollowSymLinks",
    ]
    if what.layout == "root":
        lines += [
            f"The old one works until you change it, but misses files that are new in {top}.",
            f"Until then {root}/shared and {root}/releases are public if {root} itself is it.",
            f"Change cron, workers and units to {top} too, then remove the links:",
            f"  find {root} -maxdepth 1 -type l ! -name current -delete",
        ]
    return [
        *lines,
        f"Check it: deployr-runner doctor; what others own: ls -l {root} {release}",
        *shared_section(root, what),
    ]


def _commit(app: Path) -> str:
    """Return the commit that the app was made from, if it says so."""
    head = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return known_commit(app) or git(app / ".git", *head) or NO_COMMIT
