"""A yes is asked for at a terminal, and nowhere else."""

import io
import os
import sys
from collections.abc import Callable

import click
import pytest

from runner.asking import confirm
from runner.errors import ConfigError


@pytest.fixture
def answer(monkeypatch):
    """Type an answer at a terminal of its own."""
    mine, theirs = os.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda text: os.write(mine, text)
    os.close(mine)


def test_yes_lets_it_go_on(answer: Callable[[bytes], int]):
    answer(b"y\n")

    confirm("Do it?", "doing it")


def test_no_ends_it(answer: Callable[[bytes], int]):
    answer(b"n\n")

    with pytest.raises(click.Abort):
        confirm("Do it?", "doing it")


def test_without_a_terminal_the_way_out_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    with pytest.raises(ConfigError, match="doing it needs --yes when nobody can be asked"):
        confirm("Do it?", "doing it")
