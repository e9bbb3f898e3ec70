"""Two network namespaces with a link between them that takes its time, for measurements as root."""

import ctypes
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

NEAR, FAR = "10.77.0.1", "10.77.0.2"
"""Addresses of the client's end and of the server's."""

_DEVICE = "slow"
_CLONE_NEWNET = 0x40000000


class SlowLink:
    """Packets take `delay_ms` each way; `near` and `far` are the namespaces' names."""

    def __init__(self, delay_ms: float) -> None:
        self.near, self.far = (f"deployr-{end}-{os.getpid()}" for end in ("near", "far"))
        self._delay_us = str(int(delay_ms * 1000))

    def __enter__(self) -> Self:
        """Raises CalledProcessError, as without the rights of root."""
        self._build = tempfile.TemporaryDirectory(prefix="delaylink-")
        program = str(Path(self._build.name, "delaylink"))
        source = str(Path(__file__).with_name("delaylink.c"))
        subprocess.run(("cc", "-O2", "-o", program, source), check=True)
        for name in (self.near, self.far):
            subprocess.run(("ip", "netns", "add", name), check=True)
        self._carrier = subprocess.Popen(
            (program, self.near, self.far, self._delay_us), stdout=subprocess.PIPE
        )
        assert self._carrier.stdout is not None
        self._carrier.stdout.readline()
        self._raise(self.near, NEAR, FAR)
        self._raise(self.far, FAR, NEAR)
        return self

    def __exit__(self, *_: object) -> None:
        self._carrier.kill()
        self._carrier.wait()
        for name in (self.near, self.far):
            with suppress(subprocess.CalledProcessError):
                subprocess.run(("ip", "netns", "delete", name), check=True)
        self._build.cleanup()

    def command(self, *argv: str) -> tuple[str, ...]:
        """Return the command that runs `argv` at the near end."""
        return ("ip", "netns", "exec", self.near, *argv)

    def enter(self) -> None:
        """Move the calling process, which must have no other threads, to the near end."""
        space = os.open(f"/run/netns/{self.near}", os.O_RDONLY | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(space, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "can't enter the namespace")
        os.close(space)

    @staticmethod
    def _raise(name: str, address: str, peer: str) -> None:
        for words in (
            ("addr", "add", address, "peer", peer, "dev", _DEVICE),
            ("link", "set", _DEVICE, "up"),
            ("link", "set", "lo", "up"),
        ):
            subprocess.run(("ip", "-n", name, *words), check=True)
