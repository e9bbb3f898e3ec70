"""Writing the first deploy.yaml."""

import json
import re

import click

from deployr.detect import detect_framework
from deployr.manifest import FILE_NAME, Manifest, ManifestError
from deployr.states import Framework, Target
from deployr.yamlmarks import Marks

from ..asking import is_interactive
from ..errors import CliError
from ..git import Checkout, name_from_url, without_credentials
from ..places import ask_path
from ..session import Session, json_option, pass_session

_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_TEMPLATE = """\
# How Deployr deploys this app. All keys and their meaning: `deployr schema`.
project:
  name: {name}
  framework: {framework}
  target: {target}
repo:
  branch: {branch}
deploy:
{path}  keep_releases: 5
"""


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing; take what the checkout says.")
@click.option("--force", is_flag=True, help="Overwrite an existing deploy.yaml.")
@click.option("--path", help="Where the app lives on the server.")
@click.option(
    "--target",
    type=click.Choice([each.value for each in Target]),
    default=Target.VPS.value,
    show_default=True,
    help="Kind of server; cpanel: a shared hosting account.",
)
@json_option
@pass_session
def init(session: Session, *, yes: bool, force: bool, path: str | None, target: str) -> None:
    """Write a deploy.yaml for the app in this git repository.

    Framework, name and branch are read from the checkout; only the path on the server is asked.

    \b
    Examples:
      deployr init
      deployr init --yes --path /var/www/my-app
      deployr init --target cpanel --path /home/me/my-app
    """
    checkout = Checkout.here()
    file = checkout.root / FILE_NAME
    if file.exists() and not force:
        raise CliError(f"{FILE_NAME} exists already.", "Edit it, or overwrite it with --force.")
    url = checkout.remote_url()
    name = name_from_url(without_credentials(url)) if url else checkout.root.name
    framework = detect_framework(checkout.root)
    if path is None and not yes and is_interactive():
        path = ask_path(name, Target(target))
    text = _render(name, framework, target, checkout.branch() or "main", path)
    file.write_text(text, encoding="utf-8")
    if session.output.as_json:
        session.output.data(Manifest.parse(text).model_dump(mode="json", exclude_unset=True))
        return
    session.output.success(f"✓ Wrote {FILE_NAME} for {name} ({framework})")
    if not url:
        session.output.note(f"Warning: there is no git remote {checkout.remote()} to deploy from.")
    where = f" --path /var/www/{name}" if target == Target.VPS and not path else ""
    add = f"deployr runners add{where}"
    session.output.line(f"Next: commit and push it, then `{add}`, `deployr push`.")


def _render(name: str, framework: Framework, target: str, branch: str, path: str | None) -> str:
    """Return the file's text. Raises CliError when an answer makes it invalid."""
    quoted = {"name": _word(name), "framework": framework, "branch": _word(branch)}
    line = f"  path: {_word(path)}\n" if path else ""
    text = _TEMPLATE.format(**quoted, target=target, path=line)
    try:
        Manifest.parse(text)
    except ManifestError as error:
        raise CliError(str(error)) from None
    return text


def _word(text: str) -> str:
    """Quote what our reader would take for something else than this text."""
    plain = _PLAIN.fullmatch(text) is not None
    if plain:
        read = Marks(f"word: {text}")
        plain = not read.problems and read.value == {"word": text}
    return text if plain else json.dumps(text)
