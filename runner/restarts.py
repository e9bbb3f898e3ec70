"""Restarts after a switch: what keeps the app running is told that there is a new release."""

import contextlib
import os
import pwd
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployr.sections import ECOSYSTEM_FILE, Restart
from deployr.states import Reason

from . import environment
from .context import Context
from .errors import JobFailedError
from .logstream import JobLog
from .shell import Command, CommandFailedError, Shell
from .stop import StopFlag

ECOSYSTEM = Path("shared") / ECOSYSTEM_FILE
"""Where pm2's description of the app is, below the deploy root."""
PORT_SECONDS = 30.0
_KEPT_BYTES = 4096
_NOT_FOUND = 127

_NO_SUDO = (
    "a password is required",
    "not allowed to",
    "not in the sudoers",
    "terminal is required",
)
_NO_SOCKET = ("Permission denied", "PermissionError")


@dataclass(frozen=True)
class Call:
    """One restart as a command."""

    argv: tuple[str, ...]
    advice: Callable[[str, str], str | None]
    """From the output of a failure and the user's name to what to do about it."""


def restart_all(ctx: Context, restarts: Sequence[Restart], *, undo: bool = False) -> None:
    """Restart what the job's deploy.yaml lists, with `undo` also when the job was stopped.

    Raises as `restart_each` does.
    """
    stop, shell = (ctx.undo_stop, ctx.undo_shell) if undo else (ctx.stop, ctx.shell)
    restart_each(restarts, ctx.task.root, shell=shell, stop=stop, log=ctx.log)


def restart_each(
    restarts: Sequence[Restart], root: Path, *, shell: Shell, stop: StopFlag, log: JobLog
) -> None:
    """Restart one after the other; one with a port must take connections before the next.

    `shell` is that of the app's own commands. What is started carries no mark and gets nothing of
    the job: it is to stay. Raises JobFailedError with advice for the first that fails.
    """
    for restart in restarts:
        call = call_for(restart, root, is_root=os.geteuid() == 0)
        command = Command(argv=call.argv, cwd=root, env=environment.base())
        log.line(f"$ {command.title}")
        try:
            _run(command, call, shell_for(restart, shell), log)
        finally:
            log.end_output()
        if restart.port is not None:
            _wait_for_port(restart.port, command.title, stop)


def shell_for(restart: Restart, shell: Shell) -> Shell:
    """Return who restarts: pm2 runs code of the app, so it is that of the app's user."""
    return shell if restart.pm2 is not None else shell.own


def _run(command: Command, call: Call, shell: Shell, log: JobLog) -> None:
    said = bytearray()

    def take(chunk: bytes) -> None:
        log.output(chunk)
        said.extend(chunk)
        del said[:-_KEPT_BYTES]

    try:
        shell.run(command, take, marked=False)
    except CommandFailedError as error:
        detail = call.advice(said.decode(errors="replace"), _user(shell)) or str(error)
        if error.exit_code == _NOT_FOUND:
            detail = f"{detail}: {error.output or 'is it on the PATH of the runner?'}"
        raise JobFailedError(Reason.EXIT_NONZERO, detail, error.exit_code) from None


def call_for(restart: Restart, root: Path, *, is_root: bool) -> Call:
    """Return how to restart one program of the app in the deploy root `root`."""
    if restart.systemd is not None:
        return _systemd(restart.systemd, "reload" if restart.reload else "restart", is_root=is_root)
    if restart.supervisor is not None:
        return _supervisor(restart.supervisor, reload=restart.reload)
    return _pm2(str(restart.pm2), root, reload=restart.reload)


def _systemd(unit: str, verb: str, *, is_root: bool) -> Call:
    systemctl = ("systemctl", verb, unit)

    def advice(output: str, user: str) -> str | None:
        if not any(words in output for words in _NO_SUDO):
            return None
        return (
            f"{user} may not {verb} {unit}: run `install-runner.sh --allow-restart {unit}` as root "
            "on the server, or add the line "
            f"`{user} ALL=(root) NOPASSWD: /usr/bin/systemctl {verb} {unit}` to "
            "/etc/sudoers.d/deployr-runner"
        )

    return Call(systemctl if is_root else ("sudo", "-n", *systemctl), advice)


def _supervisor(program: str, *, reload: bool) -> Call:
    def advice(output: str, user: str) -> str | None:
        if not any(words in output for words in _NO_SOCKET):
            return None
        return (
            f"{user} may not speak to supervisor: set `chmod=0770` and `chown=root:{user}` under "
            "[unix_http_server] in /etc/supervisor/supervisord.conf, then restart supervisor"
        )

    verb = ("signal", "HUP") if reload else ("restart",)
    return Call(("supervisorctl", *verb, program), advice)


def _pm2(app: str, root: Path, *, reload: bool) -> Call:
    ecosystem = root / ECOSYSTEM
    verb = "reload" if reload else "restart"

    def advice(output: str, user: str) -> str | None:
        if "not found" not in output and "No process found" not in output:
            return None
        return f"pm2 of {user} knows no {app}: describe it in {ecosystem}, see docs/runner.md"

    if ecosystem.is_file():
        # This starts what is not running yet, and takes over what has changed in the file.
        start = f"startOr{verb.capitalize()}"
        return Call(("pm2", start, str(ecosystem), "--only", app, "--update-env"), advice)
    return Call(("pm2", verb, app), advice)


def _wait_for_port(port: int, title: str, stop: StopFlag) -> None:
    until = time.monotonic() + PORT_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if stop.wait(0.1):
            raise JobFailedError(stop.reason or Reason.TIMEOUT, stop.detail)
    raise JobFailedError(
        Reason.HEALTH_CHECK_FAILED,
        f"nothing takes connections on 127.0.0.1:{port} {PORT_SECONDS:g} s after `{title}`",
    )


def _user(shell: Shell) -> str:
    return shell.account.name if shell.account else pwd.getpwuid(os.geteuid()).pw_name
