"""The app in the current directory: its checkout and its deploy.yaml."""

from dataclasses import dataclass

from deployr.manifest import FILE_NAME, Manifest, ManifestError
from deployr.repo import url_problem

from .errors import CliError
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
