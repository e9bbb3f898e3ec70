"""What a log may do to a terminal: colour it, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import Output, duration, safe


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]52;c;c2VjcmV0\x1b\\x", "x"),
        ("a\x1b", "a"),
        ("a\x08\x00\x9bb", "ab"),
        ("bar\r", "bar\r"),
        ("exe.\u202egpj\u2066", "exe.gpj"),
    ],
)
def test_safe(raw, shown):
    assert shown == safe(raw)


@given(st.text(alphabet="ab\x1b[]0;m\x07\\2J\n", max_size=60))
def test_safe_leaves_no_escape_but_colours(text):
    rest = safe(text)
    for colour in ("\x1b[0m", "\x1b[m", "\x1b[2m", "\x1b[;m", "\x1b[0;2m"):
        rest = rest.replace(colour, "")

    assert "\x1b" not in rest or all(
        part.lstrip("02;").startswith("m") for part in rest.split("\x1b[")[1:]
    )


def test_log_cut_anywhere_shows_the_same(capsys):
    """Characters of several bytes and sequences arrive in pieces."""
    raw = "é\x1b[2Jü\x1b]0;t\x07→\n".encode()
    for cut in range(len(raw) + 1):
        output = Output()
        output.log(raw[:cut])
        output.log(raw[cut:])
        output.end_log()

        assert "éü→\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "0 seconds"),
        (1.2, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute 0 seconds"),
        (125.4, "2 minutes 5 seconds"),
    ],
)
def test_duration(seconds, text):
    assert text == duration(seconds)
