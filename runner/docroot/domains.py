"""What cPanel's `uapi` says, as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from .site import Domain


def read_domains(said: bytes) -> tuple[tuple[Domain, ...], str]:
    """Read `DomainInfo domains_data`; return the domains, or none and why."""
    data, refusal = read_answer(said)
    return tuple(_domains(data)) if isinstance(data, dict) else (), refusal


def read_answer(said: bytes) -> tuple[Any, str]:
    """Return the data of an answer, or None and why there is none."""
    try:
        result = json.loads(said)["result"]
        if result["status"] == 1:
            return result.get("data"), ""
        errors = result.get("errors") or ["it gives no reason"]
        return None, " ".join(str(each) for each in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        text = said.decode(errors="replace").strip().splitlines()
        return None, f"its answer is not understood: {text[0] if text else 'it says nothing'}"


def _domains(data: dict[str, Any]) -> Iterator[Domain]:
    main = data.get("main_domain") or {}
    for each in (main, *(data.get("sub_domains") or ()), *(data.get("addon_domains") or ())):
        if isinstance(each, dict) and each.get("domain") and each.get("documentroot"):
            yield Domain(str(each["domain"]), str(each["documentroot"]), each is main)
