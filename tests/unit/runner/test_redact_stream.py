"""No secret leaves a stream however its bytes are cut, and all other bytes pass unchanged."""

import base64
import json
import os
import random
import re
import shlex
import time
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

import pytest

from runner import matching
from runner.redact import MASK, MIN_CUT_OFF, Redactor

SECRET = "p4ss/wörd+'q\"x\\y <z>?"
RAW = SECRET.encode()
MARK = MASK.encode()


def redactor(*values: str) -> Redactor:
    """Return one that masks `values`."""
    found = Redactor()
    assert not found.learn({f"KEY_{number}": value for number, value in enumerate(values)})
    return found


def streamed(known: Redactor, pieces: Iterable[bytes]) -> bytes:
    """Return what a stream makes of `pieces`."""
    stream = known.stream()
    return b"".join([*map(stream.feed, pieces), stream.finish()])


WRITTEN = {
    "plain": RAW,
    "hex": RAW.hex().encode(),
    "upper-case hex": RAW.hex().upper().encode(),
    "url": quote(SECRET, safe="").encode(),
    "url with slashes": quote(SECRET).encode(),
    "form": quote_plus(SECRET).encode(),
    "lower-case form": re.sub("%..", lambda found: found[0].lower(), quote_plus(SECRET)).encode(),
    "component": quote(SECRET, safe="!~*'()").encode(),
    "json": json.dumps(SECRET)[1:-1].encode(),
    "json in unicode": json.dumps(SECRET, ensure_ascii=False)[1:-1].encode(),
    "php's json": json.dumps(SECRET)[1:-1].replace("/", "\\/").encode(),
    "go's json": json.dumps(SECRET)[1:-1].replace("<", "\\u003c").replace(">", "\\u003e").encode(),
    "json in json": json.dumps(json.dumps(SECRET)[1:-1])[1:-1].encode(),
    "python": repr(SECRET)[1:-1].encode(),
    "shell": shlex.quote(SECRET)[1:-1].encode(),
    "set -x": SECRET.replace("'", "'\\''").encode(),
    "double quotes": SECRET.replace("\\", "\\\\").replace('"', '\\"').encode(),
    "html": SECRET.replace("'", "&#x27;")
    .replace('"', "&quot;")
    .translate({ord("<"): "&lt;", ord(">"): "&gt;"})
    .encode(),
    **{
        f"base64 behind {offset}": base64.b64encode(b"#" * offset + RAW + b"!")
        for offset in range(3)
    },
    "base64url": base64.urlsafe_b64encode(RAW),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_secret_is_masked_wherever_a_write_ends(written):
    known = redactor(SECRET)
    text = b"before <" + written + b"> after\n"
    whole = known.text(text.decode()).encode()
    assert re.fullmatch(rb"before <.{0,4}\[masked\].{0,4}> after\n", whole)

    for cut in range(len(text) + 1):
        assert whole == streamed(known, [text[:cut], text[cut:]])
    assert whole == streamed(known, (text[at : at + 1] for at in range(len(text))))


PIECES = {
    "begins with itself": (["aaab"], [b"aa", b"aab"], b"a[masked]"),
    "begins with itself twice": (["ababc"], [b"abab", b"abc"], b"ab[masked]"),
    "prefix of another": (["tok_abc", "tok_abcdef"], [b"tok_abc", b"def."], b"[masked]."),
    "prefix only": (["tok_abc", "tok_abcdef"], [b"tok_abc", b"xef."], b"[masked]xef."),
    "overlap": (["abcdef", "defghi"], [b"<abcdef", b"ghi>"], b"<[masked]>"),
    "touch": (["abcdef", "ghijkl"], [b"<abcdef", b"ghijkl>"], b"<[masked]>"),
    "near miss": (["abcdef"], [b"abcde", b"g", b"abcd", b"ef"], b"abcdeg[masked]"),
    "run": (["aaaa"], [b"xaa", b"a", b"aaaaa", b"aay"], b"x[masked]y"),
}


@pytest.mark.parametrize(("values", "pieces", "expected"), PIECES.values(), ids=PIECES)
def test_secrets_that_repeat_or_continue_each_other(values, pieces, expected):
    assert expected == streamed(redactor(*values), pieces)


def test_only_the_end_that_may_become_a_secret_is_held_back():
    stream = redactor("abcabd").stream()

    assert b"x" == stream.feed(b"xabcab")
    assert b"abc" == stream.feed(b"cab")
    assert MARK == stream.feed(b"d")
    assert b"." == stream.feed(b".")


def test_secret_learned_between_two_writes_is_masked_from_then_on():
    known = redactor("first-secret")
    stream = known.stream()
    assert b"second-secret fir" != stream.feed(b"second-secret fir")

    known.learn({"B": "second-secret"})

    assert b"st-secret" not in stream.feed(b"st-secret, second-") + stream.feed(b"secret.")
    assert b"" == stream.finish()


def test_secret_whose_beginning_was_held_when_it_was_learned_is_masked():
    known = redactor("abcdef")
    stream = known.stream()
    assert b"" == stream.feed(b"abc")

    known.learn({"B": "abcxyz"})

    assert MARK + b"." == stream.feed(b"xyz.")


@pytest.mark.parametrize("length", range(1, len("long-secret-value")))
def test_secret_that_the_end_cuts_off_is_masked_when_enough_of_it_is_there(length):
    said = streamed(redactor("long-secret-value"), [b"<", b"long-secret-value"[:length]])

    assert (b"<" + MARK if length >= MIN_CUT_OFF else b"<long-secret-value"[: length + 1]) == said


def test_stream_begins_anew_after_its_end():
    stream = redactor("abcdef").stream()
    stream.feed(b"abc")

    assert b"abc" == stream.finish()
    assert b"def" == stream.feed(b"def") + stream.finish()


def test_secret_after_the_end_gets_its_own_mask():
    stream = redactor("abcdef").stream()

    assert [MARK, b"", MARK] == [stream.feed(b"abcdef"), stream.finish(), stream.feed(b"abcdef")]


def test_what_is_no_utf_8_passes_unchanged():
    every = bytes(range(256)) * 3 + b"\xc3\xc3\xbc\xed\xa0\x80"

    assert every == streamed(redactor(SECRET), (every[at : at + 7] for at in range(0, 800, 7)))


def test_text_with_half_characters_is_masked():
    known = redactor("abcdef")

    assert f"\udcfc and {MASK}" != known.text("\udcfc and abcdef")
    assert f"? and {MASK}" == known.text("\ud800 and abcdef")
    assert "\udcfc and \ud800" == known.text("\udcfc and \ud800")


def test_more_secrets_than_the_fast_automaton_takes_are_masked(monkeypatch):
    monkeypatch.setattr(matching, "MAX_FAST_HEADS", 10)
    values = [f"secret-number-{number}" for number in range(20)]

    assert b".".join([MARK] * 20) == streamed(redactor(*values), [".".join(values).encode()])


def naive(text: bytes, secrets: list[bytes]) -> bytes:
    """Mark every byte of every secret, and of one that is cut off; one mask for each run."""
    marked = bytearray(len(text))
    for secret in secrets:
        for start in range(len(text)):
            if text[start : start + len(secret)] == secret:
                marked[start : start + len(secret)] = b"\1" * len(secret)
    for start in range(len(text) - MIN_CUT_OFF + 1):
        if any(secret != text[start:] and secret.startswith(text[start:]) for secret in secrets):
            marked[start:] = b"\1" * (len(text) - start)
            break
    shown = bytes(0 if mark else byte for byte, mark in zip(text, marked, strict=True))
    return re.sub(b"\0+", MARK, shown)


def adversarial(random_: random.Random, secrets: list[bytes]) -> Iterator[bytes]:
    """Yield writes of 1 to 4 bytes of secrets, of their beginnings and ends, and of noise."""
    text = b""
    while len(text) < 40:
        secret = random_.choice(secrets)
        at = random_.randint(0, len(secret))
        noise = bytes(random_.choices(b"abc", k=random_.randint(0, 3)))
        text += random_.choice((secret, secret[:at], secret[at:], noise))
    while text:
        size = random_.randint(1, 4)
        yield text[:size]
        text = text[size:]


def test_no_secret_leaves_any_of_20000_adversarial_streams():
    """DEPLOYR_SEED repeats a run."""
    seed = int(os.environ.get("DEPLOYR_SEED") or time.time_ns())
    print(f"DEPLOYR_SEED={seed}")
    random_ = random.Random(seed)
    for _ in range(1000):
        alphabet = random_.choice(("ab", "abc"))
        values = [
            "".join(random_.choices(alphabet, k=random_.randint(4, 12)))
            for _ in range(random_.randint(1, 4))
        ]
        known, secrets = redactor(*values), [value.encode() for value in values]
        for _ in range(20):
            writes = list(adversarial(random_, secrets))
            said = streamed(known, writes)
            assert naive(b"".join(writes), secrets) == said, (values, writes)
