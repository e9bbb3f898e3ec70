"""The app in the current directory: its checkout, its deploy.yaml and its project."""

import sys
from dataclasses import dataclass

from deployr.manifest import FILE_NAME, Manifest, ManifestError
from deployr.repo import same_repo, url_problem

from .client import Client, Json
from .errors import CliError, ExitCode
from .git import Checkout, name_from_url, without_credentials
from .output import Output
from .salvage import salvaged


@dataclass(frozen=True, kw_only=True)
class App:
    """What the checkout says about the app."""

    checkout: Checkout
    manifest: Manifest
    repo_url: str
    name: str

    @property
    def default_branch(self) -> str:
        """The branch of deploy.yaml, else the one that is checked out, else main."""
        return self.manifest.repo.branch or self.checkout.branch() or "main"


def read_app(output: Output) -> App:
    """Return the app of the current directory. Raises CliError."""
    checkout = Checkout.here()
    return _app(output, checkout, parse_manifest(_text(checkout)))


def known_app(output: Output) -> App:
    """Return the app of the current directory for what needs little more than its name.

    A deploy.yaml with problems is noted and used as far as it can be read: who is in need of a
    rollback must not have to mend it first. Raises CliError.
    """
    checkout = Checkout.here()
    text = _text(checkout)
    try:
        return _app(output, checkout, Manifest.parse(text))
    except ManifestError as error:
        app = _app(output, checkout, salvaged(text))
        said = " ".join(error.problems[0].render(FILE_NAME).split())
        output.note(f"Warning: {said}; going on for the project {app.name}.")
        return app


def _text(checkout: Checkout) -> str:
    path = checkout.root / FILE_NAME
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _app(output: Output, checkout: Checkout, manifest: Manifest) -> App:
    url = manifest.repo.url or _remote_url(checkout, output)
    name = manifest.project.name or name_from_url(url)
    return App(checkout=checkout, manifest=manifest, repo_url=url, name=name)


def parse_manifest(text: str, source: str = FILE_NAME) -> Manifest:
    """Return a deploy.yaml's content. Raises CliError with all of its problems."""
    try:
        return Manifest.parse(text, source)
    except ManifestError as error:
        raise CliError(str(error)) from None


def find_project(client: Client, app: App) -> Json | None:
    """Return the project of this name and repository among all that the user can see.

    Raises CliError when the name stands for another repository.
    """
    named = client.projects(app.name)
    for project in named:
        if same_repo(project["repo_url"], app.repo_url):
            return project
    if named:
        raise CliError(
            f"The project {app.name} belongs to another repository: {named[0]['repo_url']}",
            "Give this one another project.name in deploy.yaml, or change that one with "
            f"`deployr projects update {app.name} --repo-url {app.repo_url}`.",
            code=ExitCode.NOT_FOUND,
        )
    return None


def require_project(client: Client, output: Output, app: App | None = None) -> Json:
    """Return the project of the current directory. Raises CliError when there is none."""
    app = app or known_app(output)
    if project := find_project(client, app):
        return project
    raise no_such_project(client, app)


def no_such_project(client: Client, app: App) -> CliError:
    """Return the error that there is no project for the app, with what may have become of it."""
    advice = "`deployr push --create` creates it."
    for project in client.projects():
        if same_repo(project["repo_url"], app.repo_url):
            advice = (
                f"The project {project['name']} has this repository; was it renamed? Then set "
                f"project.name: {project['name']} in deploy.yaml. Else {advice}"
            )
            break
    message = f"There is no project {app.name} for {app.repo_url}."
    return CliError(message, advice, code=ExitCode.NOT_FOUND)


def project_named(client: Client, name: str) -> Json:
    """Return the project of a name. Raises CliError."""
    for project in client.projects(name):
        if project["name"] == name:
            return project
    raise CliError(
        f"There is no project {name}.", "See `deployr projects`.", code=ExitCode.NOT_FOUND
    )


def runner_named(client: Client, name: str) -> Json:
    """Return the runner of a name that is not revoked. Raises CliError."""
    for runner in client.runners():
        if runner["name"] == name and not runner["revoked_at"]:
            return runner
    revoked = any(runner["name"] == name for runner in client.runners())
    problem = f"The runner {name} is revoked." if revoked else f"There is no runner {name}."
    raise CliError(problem, "See `deployr runners`.", code=ExitCode.NOT_FOUND)


def job_or_latest(session_client: Client, output: Output, job_id: int | None) -> int:
    """Return the id that was given, or that of the project's latest job. Raises CliError."""
    if job_id is not None:
        return job_id
    project = require_project(session_client, output)
    jobs = session_client.jobs(project_id=project["id"], limit=1)["jobs"]
    if jobs:
        return int(jobs[0]["id"])
    message = f"{project['name']} was never deployed."
    raise CliError(message, "`deployr push` deploys it.", code=ExitCode.NOT_FOUND)


def _remote_url(checkout: Checkout, output: Output) -> str:
    found = checkout.remote_url()
    if not found:
        raise CliError(
            f"The git remote {checkout.remote()} does not exist.",
            "Runners fetch your code from it: git remote add origin git@…, then git push.",
        )
    url = without_credentials(found)
    if url != found:
        output.note("Warning: the git remote holds credentials; they are not sent to the backend.")
    if problem := url_problem(url):
        raise CliError(
            f"The git remote {url} {problem}.",
            "Set repo.url in deploy.yaml to what servers can use.",
        )
    return url


def is_interactive() -> bool:
    """Tell whether questions can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
