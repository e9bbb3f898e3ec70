"""The command `deployr` and its one error boundary."""

import sys
import tempfile
import traceback
from pathlib import Path

import click

from deployr import __version__

from .commands.audit import audit
from .commands.init import init
from .commands.invitations import invitations
from .commands.jobs import cancel, jobs, logs, retry, status
from .commands.login import login, logout, whoami
from .commands.members import members
from .commands.projects import projects
from .commands.push import push
from .commands.releases import releases, rollback
from .commands.runners import runners
from .commands.schema import schema
from .commands.tokens import tokens
from .errors import CliError, ExitCode
from .output import Output
from .session import json_option

COMMANDS = (
    login, whoami, logout, init, push, status, logs, cancel, retry, jobs,
    releases, rollback, projects, members, invitations, runners, tokens, audit, schema,
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deployr")
@json_option
def cli() -> None:
    """Deploy web apps to servers that you own.

    A first deployment: login, init, runners add (run its line on the server), push.
    """


for _command in COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Run `deployr` and leave with one of the documented exit codes."""
    try:
        code = cli.main(prog_name="deployr", standalone_mode=False)
    except CliError as error:
        code = _told(error.message, error.advice, error.code)
    except click.exceptions.Abort:
        code = _told("Stopped.", "", ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except Exception:  # noqa: BLE001 - the boundary: a bug becomes one line and a report
        code = _bug()
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _told(message: str, advice: str, code: ExitCode) -> ExitCode:
    output = Output()
    output.note(f"Error: {message}" if code is not ExitCode.INTERRUPTED else message)
    if advice:
        output.note(advice)
    return code


def _bug() -> ExitCode:
    with tempfile.NamedTemporaryFile(
        "w", prefix="deployr-bug-", suffix=".log", delete=False, encoding="utf-8"
    ) as report:
        traceback.print_exc(file=report)
    kind = sys.exc_info()[0]
    name = kind.__name__ if kind else "error"
    Output().note(f"This is a bug in deployr ({name}). Please report {Path(report.name)}")
    return ExitCode.BUG
