"""Ports on loopback for servers that can't choose their own."""

import random
import socket
import sys

_TRIES = 1000
LOWEST, HIGHEST = 15_000, 32_000
"""Below those that the kernel gives to whoever asks for any port (32768 on Linux): such a one
would be somebody else's by the time that a server starts, or starts again."""


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody else gets from here while we run.

    Raises RuntimeError when none is found.
    """
    return adjacent_ports(1)[0]


def free_ports(number: int) -> list[int]:
    """Return so many different ports that nobody listens on."""
    return [free_port() for _ in range(number)]


def adjacent_ports(number: int) -> list[int]:
    """Return so many ports one after the other, as `free_port` returns one."""
    for _ in range(_TRIES):
        first = random.SystemRandom().randint(LOWEST, HIGHEST)
        ports = list(range(first, first + number))
        if all(_mark(port) and _is_free(port) for port in ports):
            return ports
    raise RuntimeError(f"none of {_TRIES} ports from {LOWEST} to {HIGHEST} is free")


def _mark(port: int) -> bool:
    """Bind a name outside the file system, as only one process can at a time, until our end.

    Only Linux has such names; elsewhere the port is taken by chance alone.
    """
    if sys.platform != "linux":
        return True
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0deployr-test-port-{port}")
    except OSError:
        mark.close()
        return False
    mark.detach()
    return True


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
