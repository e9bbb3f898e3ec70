"""docs/reliability.md names a test for what users of other tools complain about: each is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = "## What users of other tools suffer from"


def test_every_complaint_has_a_test_that_exists():
    _, heading, section = (ROOT / "docs/reliability.md").read_text().partition(HEADING)
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    written = set(re.findall(r"^(?:async )?def (test_\w+)", code, re.MULTILINE))

    assert heading
    assert len(rows) > 20
    assert [] == [row for row in rows if "`test_" not in row]
    assert set() == set(re.findall(r"`(test_\w+)`", section)) - written
