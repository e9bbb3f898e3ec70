"""Texts of audit events: without secrets, and such as every database and terminal takes them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.log import masker

MAX_TEXT = 255
"""Characters of a text, as MySQL counts them."""

_MASK = masker(())
# Control characters, line ends, what turns the direction of text, and halves of a character,
# which no database stores.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str, most: int = MAX_TEXT) -> str:
    """Return at most `most` characters of a text."""
    return str(_told(text))[:most]


def as_json(detail: Mapping[str, object]) -> str:
    """Return a JSON object, in ASCII; texts in it are cut as all others are."""
    return json.dumps(_told(detail), sort_keys=True)


def _told(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    return _fit(_MASK(None, "", {"told": value})["told"])


def _fit(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", value)[:MAX_TEXT]
    if isinstance(value, dict):
        return {_fit(name): _fit(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fit(inner) for inner in value]
    return value
