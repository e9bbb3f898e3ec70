"""Every command explains itself, and docs/cli.md names each of them and every exit code."""

from pathlib import Path

import click
import pytest

from cli.errors import ExitCode
from cli.main import cli
from runner.main import cli as runner_cli

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(group: click.Group, path: str):
    """Yield (full name, command) of all commands below a group."""
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


ALL = [*commands(cli, "deployr"), *commands(runner_cli, "deployr-runner")]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_command_has_help_for_itself_and_its_options(name, command):
    """A first line that is a sentence, and text for each option that is not plain by its name."""
    assert (command.help or "").split("\n")[0].rstrip().endswith((".", "one."))
    assert "\\b" not in (command.help or "")
    plain = {"environment", "name", "limit"}
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [] == [one.name for one in options if not one.help and one.name not in plain]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_command_is_in_the_docs(name, command):
    file = "runner.md" if name.startswith("deployr-runner") else "cli.md"

    assert f"`{name.removeprefix('deployr-runner ')}" in (DOCS / file).read_text().replace(
        "`deployr-runner ", "`"
    )


@pytest.mark.parametrize(
    ("name", "command"),
    [each for each in ALL if each[0].startswith("deployr ")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_command_takes_json(name, command):
    assert "--json" in [option for param in command.params for option in param.opts]


def test_docs_list_every_exit_code():
    text = (DOCS / "cli.md").read_text()

    assert [] == [code.value for code in ExitCode if f"| {code.value} |" not in text]
