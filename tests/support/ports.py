"""Ports on loopback for servers of tests that can't choose their own; the demo needs them too."""

from tools.demo.ports import adjacent_ports, free_port, free_ports

__all__ = ["adjacent_ports", "free_port", "free_ports"]
