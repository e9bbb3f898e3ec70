"""The command `deployr-runner`."""

import logging
import signal
import sys

import click

from deployr import __version__
from deployr.states import Reason

from .agent import Agent, sole_agent
from .client import Client
from .commands import allow, register, status
from .config import Places, load, load_token
from .errors import ExitCode, RunnerError
from .stop import StopFlag


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deployr-runner")
@click.option("--config-dir", envvar="DEPLOYR_RUNNER_CONFIG", help="Where runner.toml is.")
@click.option(
    "--state-dir", envvar="DEPLOYR_RUNNER_STATE", help="Where it works and keeps mirrors."
)
@click.pass_context
def cli(ctx: click.Context, config_dir: str | None, state_dir: str | None) -> None:
    """Deploy to this server what its owner allows.

    Register once with the line that `deployr runners add` prints, then keep `run` running.
    """
    ctx.obj = Places.default().moved(config_dir, state_dir)


@cli.command()
@click.option("--once", is_flag=True, help="Work one job if one waits, then leave.")
@click.pass_obj
def run(places: Places, *, once: bool) -> None:
    """Poll for jobs and work them, one at a time.

    SIGTERM or Ctrl-C ends a running job as failed (runner_stopped), then the runner.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    client = Client(load(places).url, load_token(places))
    with sole_agent(places), StopFlag() as stop:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set(Reason.RUNNER_STOPPED))
        agent = Agent(client, places, stop)
        if once:
            agent.run_once()
        else:
            agent.run()


for _command in (register, allow, status):
    cli.add_command(_command)


def main() -> None:
    """Run `deployr-runner` and leave with one of the documented exit codes."""
    try:
        code = cli.main(prog_name="deployr-runner", standalone_mode=False)
    except RunnerError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        code = ExitCode.FAILURE
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    sys.exit(code if isinstance(code, int) else ExitCode.OK)
