"""Which project is meant: by `name` or `owner/name`, or by the checkout; never by a guess."""

from collections.abc import Sequence

from deployr.repo import same_repo
from deployr.roles import Role

from .client import Client, Json
from .errors import CliError, ExitCode
from .names import is_called
from .session import Session
from .teams import invitation_hint
from .workspace import App, known_app

_BY_ARGUMENT = "Name one of them as owner/name."
_BY_OPTION = "Name one of them with --project owner/name (or DEPLOYR_PROJECT)."


def shown(project: Json) -> str:
    """Return a project's name for messages, with its owner where others may change it."""
    name = project["name"] if project["role"] == Role.OWNER else project["full_name"]
    return str(name)


def project_named(client: Client, name: str, advice: str = _BY_ARGUMENT) -> Json:
    """Return the project of a `name` or `owner/name`. Raises CliError.

    `advice` is how to name one of several.
    """
    if project := _only_one(name, _visible(client, name), advice):
        return project
    raise _unknown(client, name)


def find_project(session: Session, app: App) -> Json | None:
    """Return the project that the app goes to among all that the user can see.

    That is the one of `--project`, else the one of the app's name and repository. Raises CliError
    when there are several, or when the name stands for another repository.
    """
    name = session.project_name or app.name
    named = _visible(session.client, name)
    fitting = [one for one in named if same_repo(one["repo_url"], app.repo_url)]
    project = _only_one(name, fitting if session.project_name is None else named, _BY_OPTION)
    if project in fitting:
        return project
    # Somebody else's project of the name leaves it free for one's own.
    taken = project or next((one for one in named if one["owner_name"] == session.handle), None)
    if taken is None:
        return None
    raise CliError(
        f"The project {shown(taken)} belongs to another repository: {taken['repo_url']}",
        "Give this one another project.name in deploy.yaml, or change that one with "
        f"`deployr projects update {shown(taken)} --repo-url {app.repo_url}`.",
        code=ExitCode.NOT_FOUND,
    )


def require_project(session: Session, app: App | None = None) -> Json:
    """Return the project of `--project`, else of the current directory. Raises CliError."""
    if session.project_name is not None:
        return project_named(session.client, session.project_name, _BY_OPTION)
    app = app or known_app(session.output)
    if project := find_project(session, app):
        return project
    raise no_such_project(session, app)


def no_such_project(session: Session, app: App) -> CliError:
    """Return the error that there is no project for the app, with what may have become of it."""
    name = session.project_name or app.name
    advice = invitation_hint(session.client, name) or _renamed(session.client, app)
    create = "`deployr push --create` creates it."
    advice = f"{advice} Else {create}" if advice else create
    message = f"There is no project {name} for {app.repo_url}."
    return CliError(message, advice, code=ExitCode.NOT_FOUND)


def new_name(session: Session, app: App) -> str:
    """Return the name for a project of one's own. Raises CliError when it is to be another's."""
    if session.project_name is None:
        return app.name
    owner, _, name = session.project_name.rpartition("/")
    if owner.lower() in {"", session.handle}:
        return name
    raise _unknown(session.client, session.project_name)


def job_or_latest(session: Session, job_id: int | None) -> int:
    """Return the id that was given, or that of the project's latest job. Raises CliError."""
    if job_id is not None:
        return job_id
    project = require_project(session)
    jobs = session.client.jobs(project_id=project["id"], limit=1)["jobs"]
    if jobs:
        return int(jobs[0]["id"])
    message = f"{shown(project)} was never deployed."
    raise CliError(message, "`deployr push` deploys it.", code=ExitCode.NOT_FOUND)


def _unknown(client: Client, name: str) -> CliError:
    advice = invitation_hint(client, name) or "See `deployr projects`."
    return CliError(f"There is no project {name}.", advice, code=ExitCode.NOT_FOUND)


def _visible(client: Client, name: str) -> list[Json]:
    plain = name.rpartition("/")[2]
    return [one for one in client.projects(plain) if is_called(one["full_name"], name)]


def _only_one(name: str, found: Sequence[Json], advice: str) -> Json | None:
    if len(found) > 1:
        names = ", ".join(sorted(one["full_name"] for one in found))
        raise CliError(f"Several projects are named {name}: {names}.", advice)
    return found[0] if found else None


def _renamed(client: Client, app: App) -> str:
    for project in client.projects():
        if same_repo(project["repo_url"], app.repo_url):
            return (
                f"The project {shown(project)} has this repository; was it renamed? Then set "
                f"project.name: {project['name']} in deploy.yaml."
            )
    return ""
