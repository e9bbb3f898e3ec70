"""What deploy.yaml may hold."""

from importlib.resources import files

import click

from deployr.manifest import json_schema

from ..session import Session, json_option, pass_session


@click.command()
@json_option
@pass_session
def schema(session: Session) -> None:
    """Print a sample deploy.yaml that explains every key; with --json its JSON Schema.

    \b
    Example:
      deployr --json schema > deploy.schema.json
    """
    sample = files("deployr").joinpath("deploy.example.yaml").read_text(encoding="utf-8")
    session.output.raw(json_schema() if session.output.as_json else sample)
