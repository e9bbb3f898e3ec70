"""Ports on loopback for servers that can't choose their own."""

import random
import socket

_TRIES = 1000
LOWEST, HIGHEST = 15_000, 32_000
"""Below those that the kernel gives to whoever asks for any port (32768 on Linux): such a one
would be somebody else's by the time that a server starts, or starts again."""

_marks: list[socket.socket] = []
"""What tells the tests in other processes which ports are ours; the kernel frees them at our end."""


def free_port() -> int:
    """Return a port that nobody listens on, and that no other test gets while we run.

    Raises RuntimeError when none is found.
    """
    for _ in range(_TRIES):
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        if _mark(port) and _is_free(port):
            return port
    raise RuntimeError(f"none of {_TRIES} ports from {LOWEST} to {HIGHEST} is free")


def free_ports(number: int) -> list[int]:
    """Return so many different ports that nobody listens on."""
    return [free_port() for _ in range(number)]


def _mark(port: int) -> bool:
    """Bind a name outside the file system, as only one process can at a time."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0deployr-test-port-{port}")
    except OSError:
        mark.close()
        return False
    _marks.append(mark)
    return True


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
