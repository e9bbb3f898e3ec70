"""The command `deployr-runner`."""

import logging
import signal
import sys

import click

from deployr import __version__
from deployr.states import Reason

from .agent import Agent, Limits
from .client import Client
from .commands.adopt import adopt
from .commands.allow import allow
from .commands.build_user import build_user
from .commands.cron import cron
from .commands.doctor import doctor
from .commands.env import env
from .commands.register import register
from .commands.rotate import rotate
from .commands.status import status
from .commands.target import target
from .config import Places, load
from .errors import ExitCode, RunnerError
from .owner import refuse_others
from .state import sole_agent
from .stop import StopFlag
from .tokenfile import TokenFile


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
    """Poll for jobs and work them.

    SIGTERM or Ctrl-C lets running jobs end, for at most stop_seconds of runner.toml; then, or at
    the second signal, they end as failed (runner_stopped).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    refuse_others(places)
    config = load(places)
    client = Client(config.url, TokenFile(places, config.url).current)
    limits = Limits(capacity=config.capacity, stop_seconds=config.stop_seconds)
    with sole_agent(places), StopFlag() as stop, StopFlag(parent=stop) as leaving:
        _heed_signals(stop, leaving)
        agent = Agent(client, places, stop, leaving=leaving, limits=limits)
        if once:
            agent.run_once()
        else:
            agent.run()


def _heed_signals(stop: StopFlag, leaving: StopFlag) -> None:
    def heed(*_: object) -> None:
        (stop if leaving.reason else leaving).set(Reason.RUNNER_STOPPED)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heed)


for _command in (register, rotate, allow, target, cron, build_user, env, status, adopt, doctor):
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
