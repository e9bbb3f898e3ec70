"""No secret leaves the server, in whatever way a program writes it, and nothing else is lost."""

import base64
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployr.tokens import TokenKind, make_token
from runner import logstream
from runner.logstream import JobLog
from runner.needles import exact
from runner.redact import MASK, Redactor

SECRET = "p4ss/wörd+'q\"x\\y z?"


def masked(text: str, **values: str) -> str:
    """Return `text` as it leaves the server when `values` are secret."""
    redactor = Redactor()
    redactor.learn(values or {"PASSWORD": SECRET})
    return redactor.text(text)


def lower_percents(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)


WRITTEN = {
    "plain": SECRET,
    "hex": SECRET.encode().hex(),
    "upper-case hex": SECRET.encode().hex().upper(),
    "url": quote(SECRET, safe=""),
    "url with slashes": quote(SECRET),
    "form": quote_plus(SECRET),
    "lower-case url": lower_percents(quote(SECRET, safe="")),
    "lower-case form": lower_percents(quote_plus(SECRET)),
    "json": json.dumps(SECRET)[1:-1],
    "json in unicode": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "php's json": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "php's json in unicode": json.dumps(SECRET, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "python": repr(SECRET)[1:-1],
    "shell": shlex.quote(SECRET)[1:-1],
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_secret_is_masked_as_programs_write_it(written):
    assert f"before <{MASK}> after" == masked(f"before <{written}> after")


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("after", ["", "!", "!!"])
def test_base64_is_masked_wherever_the_secret_stands_in_it(encode, before, after):
    """Only characters that also hold bits of a neighbour stay, so one at each end at most."""
    whole = encode(f"{before}{SECRET}{after}".encode()).decode().rstrip("=")

    left, mask, right = masked(whole).partition(MASK)

    assert MASK == mask
    own = encode(SECRET.encode()).decode()
    assert len(left) <= -(-len(before) * 4 // 3) + 1
    assert len(right) <= -(-len(after) * 4 // 3) + 1
    assert own[4:-4] not in left + right


def test_base64_of_both_alphabets_differs_and_is_masked():
    """A value whose encoding needs the two characters in which the alphabets differ."""
    value = "~~~???>>>"
    plain, url = base64.b64encode(value.encode()), base64.urlsafe_b64encode(value.encode())
    assert plain != url

    assert f"{MASK} {MASK}" == masked(f"{plain.decode()} {url.decode()}", KEY=value)


def test_each_line_of_a_secret_of_several_lines_is_masked():
    key = "-----BEGIN KEY-----\n  b3BlbnNzaC1r\r\nAAAAbm9uZQ==\n-----END KEY-----\n"

    assert f"x {MASK}\n{MASK}\n|{MASK}|" == masked(
        "x b3BlbnNzaC1r\nAAAAbm9uZQ==\n|-----END KEY-----|", SSH_KEY=key
    )


def test_secret_of_several_lines_is_masked_in_one_escaped_line():
    value = "first\nsecond-on"
    encoded = base64.b64encode(value.encode()).decode()

    assert f'"{MASK}" {MASK}' == masked(f"{json.dumps(value)} {encoded.rstrip('=')}", KEY=value)


@pytest.mark.parametrize(
    "raw", [b"half\bother\x7fthird", b"gr\xfc\xdfe an alle", b"a\xe2\x82y-long"]
)
def test_secret_that_is_no_clean_text_is_masked_although_the_log_cleans_it(raw):
    redactor = Redactor()
    redactor.learn({"PASSWORD": raw.decode("utf-8", "surrogateescape")})
    written = bytearray()
    log = JobLog(redactor, written.extend, stamp=str)

    log.output(b"is " + raw + b"\n")

    assert f"is {MASK}\n" == written.decode()


def test_dollar_that_an_env_file_escapes_for_php_is_masked_both_ways():
    assert f"{MASK} {MASK}" == masked("pa\\$word\\$ pa$word$", PASSWORD="pa\\$word\\$")


OVERLAPS = {
    "the longer one wins": ("a-secret-long b", {"A": "secret", "B": "secret-long"}, "a-[masked] b"),
    "end and beginning": ("(abcdefgh)", {"A": "abcdef", "B": "defgh"}, "([masked])"),
    "one inside": ("(abcdefgh)", {"A": "abcdefgh", "B": "cdef"}, "([masked])"),
    "touching": ("<one1two2>", {"A": "one1", "B": "two2"}, "<[masked]>"),
    "twice": ("one1 one1", {"A": "one1"}, "[masked] [masked]"),
    "with itself": ("xababababay", {"A": "ababa"}, "x[masked]y"),
    "run of one letter": ("xaaaaaaay", {"A": "aaaa"}, "x[masked]y"),
}


@pytest.mark.parametrize(("text", "values", "expected"), OVERLAPS.values(), ids=OVERLAPS)
def test_overlapping_secrets_leave_nothing_between_them(text, values, expected):
    assert expected == masked(text, **values)


TOKENS = {
    **{kind.name: make_token(kind) for kind in TokenKind},
    "github": "ghp_" + "a1B2" * 9,
    "github app": "ghs_" + "a1B2" * 9,
    "github fine": "github_pat_" + "a1B2_" * 16,
    "gitlab": "glpat-" + "a1-B2_xyz.0" * 2,
    "gitlab deploy": "gldt-" + "a1B2" * 5,
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_known_kinds_of_tokens_are_masked_unasked(token):
    assert f"token={MASK}, or" == Redactor().text(f"token={token}, or")


USERINFO = {
    "https://me:pw@git.example.com/a": "https://[masked]@git.example.com/a",
    "mysql://u:p%40w@db:3306/x": "mysql://[masked]@db:3306/x",
    "https://me:p@ss@git.example.com/": "https://[masked]@git.example.com/",
    "ssh://git@host/a and https://host/me@b": "ssh://[masked]@host/a and https://host/me@b",
    "'https://host','me@b'": "'https://host','me@b'",
}


@pytest.mark.parametrize(("text", "expected"), USERINFO.items())
def test_user_and_password_of_a_url_are_masked(text, expected):
    assert expected == Redactor().text(text)


PUBLIC = {
    "word": ("APP_ENV", "production"),
    "word in capitals": ("APP_DEBUG", "True"),
    "port": ("DB_PORT", "33060"),
    "address of the app": ("APP_URL", "https://shop.example.com"),
    "empty": ("EMPTY", ""),
}


@pytest.mark.parametrize(("name", "value"), PUBLIC.values(), ids=PUBLIC)
def test_harmless_values_do_not_spoil_the_log(name, value):
    assert f"is {value}" == masked(f"is {value}", **{name: value})


PRIVATE = {
    "word as a password": ("DB_PASSWORD", "production"),
    "number as a key": ("API_KEY", "33060"),
    "address with a path": ("HOOK_URL", "https://chat.example.com/hooks/T0123"),
    "number": ("PIN_NUMBER", "33060"),
}


@pytest.mark.parametrize(("name", "value"), PRIVATE.values(), ids=PRIVATE)
def test_secret_names_and_other_values_are_masked(name, value):
    assert f"is {MASK}" == masked(f"is {value}", **{name: value})


def test_values_too_short_to_mask_are_named_and_left():
    redactor = Redactor()

    assert ["A_PIN", "PIN"] == redactor.learn({"PIN": "123", "A_PIN": "x", "E": "", "N": "long"})
    assert "123 x [masked]" == redactor.text("123 x long")


def test_learning_more_forgets_nothing():
    redactor = Redactor()
    redactor.learn({"A": "first-one"})
    redactor.learn({"A": "second-one"})

    assert f"{MASK} {MASK}" == redactor.text("first-one second-one")


def naively_masked(text: str, values: list[str]) -> str:
    """Mark every character of every secret, then put one mask for each run of marks."""
    secret = {
        at
        for needle in {form.decode() for value in values for form in exact(value)}
        for start in range(len(text))
        if text.startswith(needle, start)
        for at in range(start, start + len(needle))
    }
    marked = "".join("\0" if at in secret else letter for at, letter in enumerate(text))
    return re.sub("\0+", MASK, marked)


_values = st.lists(st.text("xyzö", min_size=4, max_size=9), min_size=1, max_size=3)


@given(st.data(), _values, st.sampled_from([8, 30, 64 * 1024]))
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_no_secret_leaks_however_output_is_cut(data, values, line_chars):
    pieces = st.one_of(st.sampled_from(values), st.text("xyzö \n", max_size=9))
    # The end, as a secret may be cut off there, is another test's.
    text = "".join(data.draw(st.lists(pieces, max_size=30))) + "\n"
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logstream, "MAX_LINE_CHARS", line_chars)
        redactor = Redactor()
        redactor.learn({f"KEY_{value}": value for value in values})
        written = bytearray()
        log = JobLog(redactor, written.extend, stamp=str)
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            log.output(raw[start:end])
        log.end_output()

    sent = written.decode()
    assert not [value for value in values if value in sent]
    assert naively_masked(text, values) == sent
