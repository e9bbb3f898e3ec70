"""Which deployment of the backend this process runs."""

from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "REVISION"


@cache
def revision() -> str | None:
    """Return the name that the deployment gave this code; None: a checkout."""
    return _FILE.read_text(encoding="ascii").strip() if _FILE.exists() else None
