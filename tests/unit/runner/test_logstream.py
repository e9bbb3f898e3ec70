"""The log of a job: whatever programs print becomes lines of clean text, masked and bounded."""

import re
from collections.abc import Callable

import pytest

from runner import logstream
from runner.logstream import JobLog
from runner.redact import MASK, Redactor

SECRET = "correct-horse-battery"
LINE = logstream.MAX_LINE_CHARS


class Written(JobLog):
    """A log that masks one secret, and keeps what it hands on."""

    def __init__(self, stamp: Callable[[], str] = str) -> None:
        redactor = Redactor()
        redactor.learn({"PASSWORD": SECRET})
        self.raw = bytearray()
        super().__init__(redactor, self.raw.extend, stamp)


@pytest.fixture
def log() -> Written:
    """A log without times."""
    return Written()


def text(log: Written) -> str:
    """Return the whole log."""
    return log.raw.decode()


def shown(log: Written, *chunks: bytes) -> str:
    for chunk in chunks:
        log.output(chunk)
    log.end_output()
    return text(log)


NOISE = {
    "colour": (b"\x1b[1;31mred\x1b[0m\n", "red\n"),
    "cursor": (b"a\x1b[2K\x1b[1Gb\x1b[?25h\n", "ab\n"),
    "title": (b"\x1b]0;npm install\x07x\n", "x\n"),
    "link": (b"\x1b]8;;https://a.example\x1b\\x\x1b]8;;\x1b\\\n", "x\n"),
    "other escapes": (b"\x1bMx\x1b\n", "x\n"),
    "control": (b"b\x07e\x08l\x00l\x7f\x0c\x0b\n", "bell\n"),
    "tab": (b"a\tb\n", "a\tb\n"),
    "windows": (b"a\r\nb\r\n", "a\nb\n"),
    "progress": (b"10%\r20%\r100%\n", "10%\n20%\n100%\n"),
    "empty lines": (b"\n\na\n", "\n\na\n"),
    "utf-8": ("grüße ✓ 🎉\n".encode(), "grüße ✓ 🎉\n"),
    "no utf-8": (b"gr\xfc\xdfe\n", "gr\ufffd\ufffde\n"),
}


@pytest.mark.parametrize(("raw", "expected"), NOISE.values(), ids=NOISE)
def test_output_becomes_clean_text(log, raw, expected):
    assert expected == shown(log, raw)


@pytest.mark.parametrize(("raw", "expected"), NOISE.values(), ids=NOISE)
def test_output_that_comes_byte_by_byte_reads_the_same(log, raw, expected):
    assert expected == shown(log, *(raw[at : at + 1] for at in range(len(raw))))


def test_secret_with_colours_in_it_is_masked(log):
    assert f"{MASK}\n" == shown(log, b"correct-\x1b[31mhorse\x1b[0m-battery\n")


def test_line_is_shown_once_it_is_complete(log):
    log.output(b"one\ntw")
    assert "one\n" == text(log)

    log.output(b"o\n")

    assert "one\ntwo\n" == text(log)


def test_unfinished_last_line_gets_its_newline(log):
    assert "one\ntwo\n" == shown(log, b"one\ntwo")


def test_unfinished_character_at_the_end_is_shown_as_unreadable(log):
    assert "a\ufffd\n" == shown(log, b"a\xe2\x9c")


def test_line_of_our_own_follows_unfinished_output_on_its_own_line(log):
    log.output(b"no newline")
    log.line("==> next")
    log.output(b"more\n")

    assert "no newline\n==> next\nmore\n" == text(log)


def test_line_of_our_own_is_masked_and_cleaned(log):
    """It may hold what a program or a commit said."""
    log.line(f"$ echo {SECRET} \x1b]0;title\x07\x1b[31m")

    assert f"$ echo {MASK} \n" == text(log)


def test_end_of_output_without_output_shows_nothing(log):
    log.end_output()

    assert "" == text(log)


def test_long_line_without_newline_is_shown_before_it_ends(log):
    """But for an end that may still become a secret."""
    log.output(b"." * LINE)
    assert 0 == len(log.raw)

    log.output(b"." + SECRET[:3].encode())

    assert LINE + 1 == len(log.raw)


def test_long_line_is_kept_whole(log):
    long = b"0123456789" * LINE

    assert long.decode() + "\n" == shown(
        log, *(long[at : at + 50_000] for at in range(0, 10 * LINE, 50_000))
    )


@pytest.mark.parametrize("before_cut", range(1, len(SECRET) + 1))
def test_secret_across_the_cut_of_a_long_line_is_masked_once(log, before_cut):
    start = LINE + 1 - before_cut
    raw = b"." * start + SECRET.encode()

    assert f"{'.' * start}{MASK}z\n" == shown(log, raw[: LINE + 1], raw[LINE + 1 :], b"z")


@pytest.mark.parametrize("before_cut", range(-1, 11))
def test_url_across_the_cut_of_a_long_line_keeps_its_password_to_itself(log, before_cut):
    start = LINE + 1 - before_cut
    raw = b"." * start + b"://me:pw@host"

    said = shown(log, raw[: LINE + 1], raw[LINE + 1 :])

    assert f"{'.' * start}://{MASK}@host\n" == said


def test_rest_of_a_cut_secret_stays_masked_when_noise_follows(log):
    raw = b"." * (LINE - 5) + SECRET.encode()

    said = shown(log, raw[: LINE + 1], b"\0" * (LINE + 1), raw[LINE + 1 :], b"z\n")

    assert f"{'.' * (LINE - 5)}{MASK}z\n" == said


@pytest.mark.parametrize("cut", range(1, 6))
def test_colour_across_the_end_of_a_long_piece_is_dropped(log, cut):
    colour = b"\x1b[31m"
    raw = b"." * LINE + colour[:cut]

    assert "." * LINE + "y\n" == shown(log, raw, colour[cut:] + b"y")


def test_windows_newline_across_the_end_of_a_long_piece_is_one_newline(log):
    assert "." * LINE + "\ny\n" == shown(log, b"." * LINE + b"\r", b"\ny")


def test_beginning_of_a_secret_at_the_end_of_output_is_masked(log):
    assert f"is {MASK}\n" == shown(log, f"is {SECRET[:6]}".encode())


def test_beginning_of_a_secret_that_is_too_short_to_tell_is_shown(log):
    assert f"is {SECRET[:5]}\n" == shown(log, f"is {SECRET[:5]}".encode())


class Clock:
    """Stamps that count."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"{self.count} "


def test_each_line_has_the_time_at_which_it_was_finished():
    log = Written(Clock())
    log.line("==> build\nof two lines")
    log.output(b"one\ntw")
    log.output(b"o\nthree\n\nfo")
    log.end_output()

    assert "1 ==> build\n1 of two lines\n2 one\n3 two\n3 three\n3 \n4 fo\n" == text(log)


def test_long_line_has_one_time():
    log = Written(Clock())
    log.output(b"." * (LINE + 1))
    log.output(b"end\nnext\n")

    assert f"1 {'.' * (LINE + 1)}end\n2 next\n" == text(log)


def test_time_is_utc_to_the_second():
    assert re.fullmatch(r"[0-2]\d:[0-5]\d:[0-5]\d ", logstream.utc_stamp())


def test_secret_of_several_lines_is_masked_although_they_get_times():
    log = Written(Clock())
    log._redactor.learn({"PRIVATE": "first-line\nsecond-line"})
    log.output(b"is first-line\n")
    log.output(b"second-line\nx\n")

    assert "first" not in text(log)
    assert "second" not in text(log)
    assert text(log).endswith(" x\n")
