"""`deployr` as a process of its own, whose words a test reads while it runs."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


class CliProcess:
    """One run; `said` is all that it has printed so far, both streams together."""

    def __init__(self, config: Path, *arguments: str, **environment: str) -> None:
        """Start it with `config` as its own directory and nothing on standard input."""
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env=inherited | {"DEPLOYR_CONFIG_DIR": str(config)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def find(self, pattern: str, seconds: float = 60) -> str:
        """Wait until it has printed something; return the pattern's first group."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < deadline, self.said
            try:
                self.said += self._lines.get(timeout=0.1)
            except queue.Empty:
                assert self._reader.is_alive() or not self._lines.empty(), self.said
        return found[1]

    def send(self, signal: int) -> None:
        """Send a signal."""
        self._process.send_signal(signal)

    def wait(self, seconds: float = 60) -> int:
        """Return its exit code."""
        code = self._process.wait(seconds)
        self._reader.join()
        while not self._lines.empty():
            self.said += self._lines.get()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
