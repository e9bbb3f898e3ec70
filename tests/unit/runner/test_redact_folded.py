"""Values of several lines and wrapped base64 are masked however their lines are broken."""

import base64
import json
import random
import re
import textwrap

import pytest

from runner.logstream import JobLog
from runner.redact import MASK, Redactor

KEY = "-----BEGIN KEY-----\n  b3BlbnNzaC1r\r\nAAAAbm9u+/ZQ\na=\n-----END KEY-----\n"
LINES = ["-----BEGIN KEY-----", "b3BlbnNzaC1r", "AAAAbm9u+/ZQ", "a=", "-----END KEY-----"]


def masked(text: str, *values: str) -> str:
    """Return `text` as it comes byte by byte, masked."""
    redactor = Redactor()
    redactor.learn({f"KEY_{number}": value for number, value in enumerate(values)})
    stream, raw = redactor.stream(), text.encode()
    pieces = [stream.feed(raw[at : at + 1]) for at in range(len(raw))]
    said = b"".join([*pieces, stream.finish()]).decode()
    assert redactor.text(text) == said
    return said


FOLDS = {
    "as it is": "\n",
    "indented": "\n      ",
    "windows": "\r\n",
    "one line": " ",
    "nothing between": "",
    "tabs": "\t \t",
    "empty lines": "\n\n\n",
    "escaped": "\\n",
    "far apart": "\n" + " " * 200,
}


@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS)
def test_value_of_several_lines_is_masked_however_they_are_joined(fold):
    value = KEY if fold != "\\n" else "\n".join(LINES)

    assert f"<{MASK}>\n" == masked(f"<{fold.join(LINES)}>\n", value)


def test_value_of_several_lines_is_masked_with_its_newlines_escaped():
    assert f'"{MASK}"\n' == masked(json.dumps(KEY) + "\n", KEY)


def test_lines_of_a_value_are_masked_one_by_one():
    assert f"{MASK}\nx {MASK} y\na=\n" == masked(f"{LINES[2]}\nx {LINES[1]} y\na=\n", KEY)


def test_lines_too_short_to_mask_are_masked_when_they_stand_together():
    value = "ab\ncd\nef"

    assert f"{MASK}, {MASK}, {MASK}, ab.\n" == masked("ab\ncd\nef, ab cd ef, abcdef, ab.\n", value)


def test_line_that_is_no_part_of_a_value_is_not_held_back():
    """Also when it ends as a value of several lines begins."""
    redactor = Redactor()
    redactor.learn({"ACCOUNT": '{\n  "private_key": "abcdef"\n}\n'})
    written = bytearray()
    log = JobLog(redactor, written.extend, stamp=str)

    log.output(b"waiting for {\n")

    assert b"waiting for {\n" == written


VALUE = "Zq7!long-value/that wraps~over?lines-of-base64"


@pytest.mark.parametrize("columns", [64, 76])
@pytest.mark.parametrize("before", range(0, 61, 1))
def test_base64_is_masked_wherever_it_is_wrapped(columns, before):
    """Up to three characters at the end of a line, and bits of neighbours, may stay."""
    noise = "".join(random.Random(before).choices("xyz\n=", k=before))
    whole = base64.b64encode(f"{noise}{VALUE}\nNEXT=1\n".encode()).decode()
    own = base64.b64encode(f"{noise}{VALUE}".encode()).decode()
    text = "\n".join(textwrap.wrap(whole, columns)) + "\n"

    said = masked(text, VALUE)

    assert MASK in said
    left, _, right = said.replace("\n", "").partition(MASK)
    assert len(left) <= before * 4 // 3 + 1 + 3
    assert len(right.replace(MASK, "")) <= len(whole) - len(own.rstrip("=")) + 3


def test_value_in_base64_of_a_wrapped_file_is_masked_on_every_line():
    file = f"A=1\nB={VALUE}\nC=2\n" * 5
    encoded = base64.encodebytes(file.encode()).decode()

    said = masked(encoded, VALUE)

    assert 5 == said.count(MASK)
    assert len(said) - 5 * len(MASK) < len(encoded) / 3


def pattern(value: str) -> re.Pattern[bytes]:
    """Return what finds a value of several lines: its first line, then any whitespace."""
    first, *others = value.encode().split(b"\n")
    rest = [re.escape(bytes([byte])) for line in others for byte in line]
    return re.compile(re.escape(first) + b"".join(rb"\s*" + byte for byte in rest))


def naive(text: bytes, values: list[str]) -> bytes:
    """Mark all that a pattern of a value or one of its lines finds, with a mask for each run."""
    marked = bytearray(len(text))
    finders = [pattern(part) for value in values for part in (value, *value.split("\n"))]
    for finder in finders:
        for start in range(len(text)):
            if found := finder.match(text, start):
                marked[start : found.end()] = b"\1" * (found.end() - start)
    shown = bytes(0 if mark else byte for byte, mark in zip(text, marked, strict=True))
    return re.sub(b"\0+", MASK.encode(), shown)


def test_lines_of_values_in_adversarial_texts_are_masked_and_nothing_else_is():
    random_ = random.Random(20)
    for _ in range(300):
        lines = ["".join(random_.choices("ab", k=random_.randint(4, 6))) for _ in range(4)]
        values = ["\n".join(lines[:2]), "\n".join(lines[1:])]
        pieces = [*lines, *values, " ", "\n", "\r\n", "a", "b", "ba", "\n \n"]
        for _ in range(3):
            text = "".join(random_.choices(pieces, k=12)) + "\n.\n"
            assert naive(text.encode(), values).decode() == masked(text, *values), (text, values)
