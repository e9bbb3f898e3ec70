"""Tokens are recognisable, and nothing else passes for one."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployr.tokens import TOKEN_PATTERN, TokenKind, digest, is_wellformed, make_token


@pytest.mark.parametrize("kind", TokenKind)
def test_made_token_is_wellformed_for_its_kind_only(kind):
    token = make_token(kind)

    assert 53 == len(token)
    assert TOKEN_PATTERN.fullmatch(token)
    assert [kind] == [one for one in TokenKind if is_wellformed(token, one)]


def test_tokens_differ():
    assert 100 == len({make_token(TokenKind.USER) for _ in range(100)})


@given(position=st.integers(0, 52), letter=st.sampled_from("0Az"))
def test_changed_letter_is_noticed(position, letter):
    token = make_token(TokenKind.USER)
    changed = token[:position] + letter + token[position + 1 :]

    assert (changed == token) == is_wellformed(changed, TokenKind.USER)


@pytest.mark.parametrize("text", ["", "dpu_", "dpu_" + "0" * 49, "é" * 53])
def test_other_text_is_not_wellformed(text):
    assert not is_wellformed(text, TokenKind.USER)


def test_digest_is_sha256():
    assert hashlib.sha256(b"dpu_x").hexdigest() == digest("dpu_x")
