"""Background processes of the demo: started with a log file, ended together with their children."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 15


def start(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; what it says goes to `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process politely, then what is left of its group by force."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def first_line(log: Path, process: subprocess.Popen[bytes], seconds: float) -> str:
    """Wait for the first line that a process prints. Raises RuntimeError with its whole output."""
    for _ in pauses(seconds):
        text = log.read_text(encoding="utf-8", errors="replace")
        if "\n" in text:
            return text.splitlines()[0]
        if process.poll() is not None:
            break
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')}")


def pauses(seconds: float) -> Iterator[float]:
    """Yield until the time is over, sleeping a little between."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield left
        time.sleep(0.05)
