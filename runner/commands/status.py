"""`deployr-runner status`: a look at how things are."""

import json

import click

from ..client import Client
from ..config import Places, RunnerConfig, load, load_token
from ..errors import RunnerError
from ..state import read_notes
from .allow import line


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def status(places: Places, *, as_json: bool) -> None:
    """Show how this runner is set up and whether its backend takes it.

    The exit code is that of the first problem: 2 configuration, 5 unreachable, 78 token refused.
    """
    config = load(places)
    problem = _problem(config, load_token(places))
    facts = {
        "name": config.name,
        "url": config.url,
        "config": str(places.config),
        "state": str(places.state),
        "labels": list(config.labels),
        "allow": [entry.model_dump(mode="json") for entry in config.allow],
        "backend": str(problem) if problem else "accepts this runner",
        **read_notes(places),
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        _print(facts, config)
    if problem:
        raise SystemExit(problem.exit_code)


def _problem(config: RunnerConfig, token: str) -> RunnerError | None:
    try:
        Client(config.url, token).poll()
    except RunnerError as error:
        return error
    return None


def _print(facts: dict[str, object], config: RunnerConfig) -> None:
    for name in ("name", "url", "config", "state", "backend", "last_contact", "last_job"):
        if name in facts:
            click.echo(f"{name.replace('_', ' ') + ':':<14}{_words(facts[name])}")
    for entry in config.allow:
        click.echo(f"{'may deploy:':<14}{line(entry)}")


def _words(fact: object) -> str:
    """Return the text of a fact; of several values those that are set."""
    if isinstance(fact, dict):
        return ", ".join(f"{key} {value}" for key, value in fact.items() if value is not None)
    return str(fact)
