"""Secrets that nobody named are masked by their look; what merely resembles them stays."""

import base64
import random

import pytest

from deployr.tokens import TokenKind, make_token
from runner.patterns import MAX_PEM_BYTES
from runner.redact import MASK, Redactor


def masked(text: str) -> str:
    """Return `text` masked; the same must come out of a stream of single bytes."""
    redactor = Redactor()
    stream, raw = redactor.stream(), text.encode()
    pieces = [stream.feed(raw[at : at + 1]) for at in range(len(raw))]
    said = b"".join([*pieces, stream.finish()]).decode()
    assert redactor.text(text) == said
    return said


BODY = "a1B2" * 30
TOKENS = {
    **{kind.name: make_token(kind) for kind in TokenKind},
    **{f"github {letter}": f"gh{letter}_{BODY[:36]}" for letter in "pousr"},
    "github fine": "github_pat_" + "a1B2_" * 16,
    **{prefix: f"{prefix}-a1-B2_xyz.0a1-B2" for prefix in ("glpat", "gldt", "glrt", "glcbt")},
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws for a while": "ASIAIOSFODNN7EXAMPLE",
    **{f"slack {letter}": f"xox{letter}-1234567890-abcDEF" for letter in "abprs"},
    "npm": "npm_" + BODY[:36],
    "stripe": "sk_live_" + BODY[:24],
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("around", ["token={}, or", "{}", "x{}\n", '"{}"', "{}/{}"])
def test_token_is_masked(token, around):
    assert around.replace("{}", MASK) == masked(around.replace("{}", token))


STAY = [
    f"dpr_{BODY[:48]} dpx_{BODY[:49]} DPR_{BODY[:49]} dpr-{BODY[:49]}",
    f"ghp_{BODY[:19]} ghx_{BODY[:36]} ghp-{BODY[:36]} github_pat_short",
    "glpat-short glpat_a1B2a1B2a1B2a1B2a1B2",
    "AKIAIOSFODNN7EXAMPL AKIAiosfodnn7example",
    "xoxb-short xoxz-1234567890-abcdef xoxb_1234567890",
    "npm_config_registry npm_lifecycle_event=build sk_live_short sk_test",
    "https://example.com/me@b http://localhost:3000 'https://host','me@b' mail me@example.com",
    "postgres:// @ host, //u:p@h, ://@host",
    "npm http fetch GET 200 https://registry.npmjs.org/@babel%2fcore 31ms (cache miss)",
    "Authorization failed",
    "Authorization: required",
    "Authorization: Bearer",
    "Authorization: Bearer\nnext-line-123456789",
    "authorization: the user must log in first",
    "the bearer of this letter; Bearer authentication-is-required; bearer token",
    "Bearer short1",
    "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj3\n-----END PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCARwCCQ\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEYS-----\nlines\n",
    "----- BEGIN -----\n-----END PRIVATE KEY-----\n",
]


@pytest.mark.parametrize("text", STAY)
def test_what_only_resembles_a_secret_stays(text):
    assert text == masked(text)


USERINFO = {
    "https://me:pw@git.example.com/a": "https://[masked]@git.example.com/a",
    "mysql://u:p%40w@db:3306/x": "mysql://[masked]@db:3306/x",
    "redis://:pw@h": "redis://[masked]@h",
    "ssh://git@host/a and https://host/me@b": "ssh://[masked]@host/a and https://host/me@b",
    f"https://{'u' * 500}@host": "https://[masked]@host",
}


@pytest.mark.parametrize(("text", "expected"), USERINFO.items())
def test_user_and_password_of_a_url_are_masked(text, expected):
    assert expected == masked(text)


HEADERS = {
    "> Authorization: Bearer abc.def\r\n": "> Authorization: Bearer [masked]\r\n",
    "authorization: Basic dXNlcjpwdw==": "authorization: Basic [masked]",
    "AUTHORIZATION=Token 12ab34": "AUTHORIZATION=Token [masked]",
    "Proxy-Authorization: Basic dXNlcjpwdw==": "Proxy-Authorization: Basic [masked]",
    "-H 'Authorization: Bearer abcd' https://h/": "-H 'Authorization: Bearer [masked]' https://h/",
    '{"authorization":"Bearer abcd","a":1}': '{"authorization":"Bearer [masked]","a":1}',
    '{\\"Authorization\\": \\"Basic abcd\\"}': '{\\"Authorization\\": \\"Basic [masked]\\"}',
    "'Authorization' => 'Bearer abcd'": "'Authorization' => 'Bearer [masked]'",
    "Authorization: ApiKey ab12cd34": "Authorization: [masked]",
    'Authorization: Digest u="me", n=1': 'Authorization: Digest u="me", n=1',
    "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=fe\n": "Authorization: [masked]\n",
    "Authorization: abcdefghijklmnop": "Authorization: [masked]",
    "got Bearer abcdefgh12345678.": "got Bearer [masked]",
    "bearer abcdefgh-1234_5678, x": "bearer [masked], x",
}


@pytest.mark.parametrize(("text", "expected"), HEADERS.items())
def test_value_of_an_authorization_is_masked(text, expected):
    assert expected == masked(text)


RAW_KEY = base64.b64encode(random.Random(1).randbytes(600)).decode()
KEY_LINES = [RAW_KEY[at : at + 64] for at in range(0, len(RAW_KEY) - 50, 64)]


def key(kind: str = "PRIVATE KEY", newline: str = "\n", *headers: str) -> str:
    lines = [f"-----BEGIN {kind}-----", *headers, *KEY_LINES, "q7w=", f"-----END {kind}-----"]
    return newline.join(lines)


BLOCKS = {
    "pkcs8": key(),
    "rsa": key("RSA PRIVATE KEY"),
    "openssh": key("OPENSSH PRIVATE KEY"),
    "encrypted": key(
        "RSA PRIVATE KEY", "\n", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", ""
    ),
    "pgp": key("PGP PRIVATE KEY BLOCK", "\n", "Version: 2", ""),
    "windows": key(newline="\r\n"),
    "escaped": key(newline="\\n"),
    "one line": key(newline=" "),
    "indented": key(newline="\n    "),
    "behind the name of a service": key(newline="\nweb-1  | "),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_private_key_is_masked_as_a_whole(block):
    assert f"key: {MASK}\nnext line\n" == masked(f"key: {block}\nnext line\n")


def test_two_private_keys_are_two():
    assert f"{MASK}\nand\n{MASK}\n" == masked(f"{key()}\nand\n{key('EC PRIVATE KEY')}\n")


def test_key_that_breaks_off_is_masked_as_far_as_it_goes():
    lines = "\n".join(KEY_LINES[:3])
    rest = "the job goes on\nwith more lines, that stay\n"

    assert f"{MASK}\n{rest}" == masked(f"-----BEGIN PRIVATE KEY-----\n{lines}\n{rest}")
    assert f"{MASK}\n" == masked(f"-----BEGIN PRIVATE KEY-----\n{lines}\n")
    assert MASK == masked(f"-----BEGIN PRIVATE KEY-----\n{lines}")


def test_first_line_of_a_key_in_prose_takes_nothing_else_with_it():
    assert f"give it with {MASK}, please.\nsecond line.\nthird line.\n" == masked(
        "give it with -----BEGIN PRIVATE KEY-----, please.\nsecond line.\nthird line.\n"
    )


def test_key_that_breaks_off_before_another_one_takes_nothing_between_with_it():
    broken = f"-----BEGIN PRIVATE KEY-----\n{KEY_LINES[0]}\n"

    assert f"{MASK}\nand then.\n{MASK}\n" == masked(f"{broken}and then.\n{key()}\n")
    assert f"{MASK}\n{MASK}\n{MASK}\n" == masked(f"{broken}{broken}{broken}")


def test_hash_two_lines_behind_a_key_that_breaks_off_stays():
    rest = f"it is missing.\nfetching packages.\n{KEY_LINES[0]}\n"

    assert f"{MASK}\n{rest}" == masked(f"-----BEGIN PRIVATE KEY-----\n{rest}")


def test_key_without_an_end_holds_back_only_so_much():
    stream = Redactor().stream()

    said = stream.feed(b"-----BEGIN PRIVATE KEY-----\n" + (b"a1" * 32 + b"\n") * 600)

    assert said.startswith(MASK.encode())
    assert len(said) > 39_000 - MAX_PEM_BYTES - 100


PIECES = [*TOKENS.values(), *STAY, *USERINFO, *HEADERS, *BLOCKS.values(), "\n", " ", "-----", "://"]


def test_mix_of_all_patterns_reads_the_same_however_it_is_cut():
    random_ = random.Random(7)
    redactor = Redactor()
    for _ in range(500):
        pieces = random_.choices(PIECES, k=6)
        text = "".join(piece[: random_.randint(1, 2 * len(piece))] for piece in pieces).encode()
        cuts = sorted(random_.randint(0, len(text)) for _ in range(10))
        stream = redactor.stream()
        ends = zip([0, *cuts], [*cuts, len(text)], strict=True)
        said = b"".join([*(stream.feed(text[start:end]) for start, end in ends), stream.finish()])
        assert redactor.text(text.decode()).encode() == said
