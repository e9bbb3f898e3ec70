"""Where an app goes on its server, and the words that tell a runner so."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import click

from deployr.states import Target

from .asking import is_interactive
from .errors import CliError
from .workspace import App


@dataclass(frozen=True, kw_only=True)
class Place:
    """A path on the runner's own machine, or in a hosting account."""

    path: str
    host: str | None = None
    """What the runner calls the host that has the path; None: its own machine."""
    docroot: str | None = None
    """Directory there that the web server serves; only of hosting accounts."""
    domain: str | None = None

    @property
    def words(self) -> list[str]:
        """The options that say it to `deployr-runner register` and `allow add`."""
        words = ["--path", self.path]
        for option in ("host", "docroot", "domain"):
            if value := getattr(self, option):
                words += [f"--{option}", value]
        return words

    @property
    def target_words(self) -> list[str]:
        """The command, to be completed, that tells the runner how to reach the host; or none."""
        if not self.host:
            return []
        where = ["--host", "HOST", "--user", "USER", "--key", "FILE"]
        return ["deployr-runner", "target", "add", self.host, *where]


def place_for(
    app: App, *, path: str | None, host: str | None, docroot: str | None, domain: str | None
) -> Place:
    """Return the place that is meant; what is not said is asked. Raises CliError."""
    path = path or app.manifest.deploy.path
    if app.manifest.project.target is Target.VPS:
        if host or docroot or domain:
            raise CliError(
                "--host, --docroot and --domain are for hosting accounts.",
                "Set project.target: cpanel in deploy.yaml, or leave them out.",
            )
        return Place(path=path or ask_path(app.name, Target.VPS))
    if not host and is_interactive():
        host = _ask(
            "Name for the host that the runner reaches by SSH; empty: the runner is in the account",
            default="",
        )
    path = path or ask_path(app.name, Target.CPANEL)
    return Place(path=path, host=host or None, docroot=docroot or _ask_docroot(path), domain=domain)


def ask_path(name: str, target: Target) -> str:
    """Ask for the path of the app of that name. Raises CliError when nobody can be asked."""
    example = "/var/www/…" if target is Target.VPS else f"/home/USER/{name}"
    if not is_interactive():
        raise CliError(
            "Where does the app live on the server?",
            f"Say --path {example}, or set deploy.path in deploy.yaml.",
        )
    if target is Target.VPS:
        return _ask("Path of the app on the server", default=f"/var/www/{name}")
    return _ask(f"Path of the app in the account, outside of the document root ({example})")


def _ask_docroot(path: str) -> str:
    usual = str(PurePosixPath(path).with_name("public_html"))
    if not is_interactive():
        raise CliError(
            "Which directory of the account does the web server serve?",
            f"Say --docroot {usual}, or what cPanel shows under Domains.",
        )
    return _ask("Document root, as cPanel shows it under Domains", default=usual)


def _ask(question: str, default: str | None = None) -> str:
    return str(click.prompt(question, default=default, show_default=bool(default)))
