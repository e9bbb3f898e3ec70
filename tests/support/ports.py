"""Ports on loopback for servers that can't choose their own."""

import socket


def free_ports(number: int) -> list[int]:
    """Return so many different ports that nobody listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
