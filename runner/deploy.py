"""One job: run its steps, and take them back when one fails."""

import time
from collections.abc import Iterable, Sequence

from deployr import wire
from deployr.states import Reason

from .context import Context
from .errors import JobFailedError
from .hosts.host import HostError
from .leavings import remove_tree
from .plans import STAGES, Stage
from .shell import CommandFailedError
from .steps import Step

UNDO_SECONDS = 300.0
"""For commands that run after a failure."""


def run(ctx: Context) -> None:
    """Do the job of `ctx`. Raises JobFailedError after everything was taken back."""
    done: list[Step] = []
    account = ctx.task.account
    try:
        _make_work(ctx)
        for stage in STAGES[ctx.task.spec.action]:
            _run(_planned(stage, ctx), ctx, done)
    except JobFailedError as error:
        ctx.log.line(error.detail)
        ctx.shell.sweep()
        ctx.undo_stop.limit(UNDO_SECONDS, time.monotonic())
        _undo(reversed(done), ctx)
        _run_failure_hooks(ctx, error.reason)
        raise
    finally:
        ctx.shell.sweep()
        ctx.target.unlock()
        remove_tree(ctx.work, [account] if account else [], ignore_errors=True)


def _planned(stage: Stage, ctx: Context) -> Sequence[Step]:
    try:
        return stage(ctx)
    except OSError as error:  # a host that does not answer
        raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from error


def _make_work(ctx: Context) -> None:
    account = ctx.task.account
    try:
        account.make_work(ctx.work) if account else ctx.work.mkdir(parents=True)
    except OSError as error:
        detail = f"{ctx.work} can't be made: {error.strerror}"
        raise JobFailedError(Reason.PREFLIGHT_FAILED, detail) from error


def _run(planned: Sequence[Step], ctx: Context, done: list[Step]) -> None:
    for step in planned:
        ctx.log.line(f"==> {step.name}")
        ctx.lifeline.begin_step(step.name)
        done.append(step)
        begun = time.monotonic()
        ok = False
        try:
            _run_step(step, ctx)
            ok = True
        finally:
            seconds = round(time.monotonic() - begun, 3)
            ctx.timings.append(wire.Step(name=step.name, seconds=seconds, ok=ok))
            ctx.log.line(f"    {step.name} {'done in' if ok else 'failed after'} {seconds:.1f} s")


def _run_step(step: Step, ctx: Context) -> None:
    """Run one step; every way to fail becomes JobFailedError."""
    if ctx.stop.reason and not ctx.was_live:
        raise JobFailedError(ctx.stop.reason, f"{ctx.stop.detail} (before step {step.name})")
    try:
        step.run(ctx)
    except JobFailedError:
        raise
    except CommandFailedError as error:
        detail = f"step {step.name}: {error}"
        raise JobFailedError(Reason.EXIT_NONZERO, detail, error.exit_code) from None
    except OSError as error:  # the server's fault, as a full disk or a missing right
        place = f": {error.filename}" if error.filename else ""
        detail = f"step {step.name}: {error.strerror or error}{place}"
        raise JobFailedError(Reason.PREFLIGHT_FAILED, detail) from error
    except Exception as error:  # also a bug of ours must not leave a deployment half done
        detail = f"step {step.name}: {type(error).__name__}: {error}"
        raise JobFailedError(Reason.INTERNAL, detail) from error


def _undo(done: Iterable[Step], ctx: Context) -> None:
    for step in done:
        try:
            step.undo(ctx)
        except Exception as error:  # noqa: BLE001 - the other steps must be taken back all the same
            name = "" if isinstance(error, HostError) else f"{type(error).__name__}: "
            ctx.log.line(f"while undoing {step.name}: {name}{error}")


def _run_failure_hooks(ctx: Context, reason: Reason) -> None:
    """Run the app's on_failure commands, unless the runner itself has to go.

    Before the preflight is through nothing has changed, and another deployment may be at work.
    """
    lines = ctx.manifest.deploy.hooks.on_failure
    if (
        not lines
        or not ctx.target.is_locked
        or reason in {Reason.RUNNER_STOPPED, Reason.RUNNER_LOST}
    ):
        return
    ctx.log.line("==> on_failure")
    try:
        place = ctx.task.root if ctx.target.exists() else ctx.work
        ctx.run_lines(lines, place, shell=ctx.undo_shell)
    except (CommandFailedError, JobFailedError, OSError) as error:
        ctx.log.line(f"on_failure: {error}")
