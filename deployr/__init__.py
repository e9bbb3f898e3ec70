"""Shared kernel of Deployr: what backend, runner and CLI must agree on, and nothing else."""

__version__ = "0.1.0"
