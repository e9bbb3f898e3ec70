"""Whose files an adoption makes, and who may make them."""

import os

import pytest

from runner.adopt import survey
from runner.errors import RunnerError
from runner.takeover import take_over
from tests.support.unprivileged import NOBODY, as_nobody, open_directory

from .test_adopt import STATIC, written


def test_user_without_rights_above_is_told_to_use_sudo():
    with open_directory() as base:
        written(base / "www/shop", STATIC)
        os.chown(base / "www/shop", NOBODY, NOBODY)

        def look() -> None:
            with pytest.raises(RunnerError, match=f"names in {base}/www can't be .*: use sudo"):
                survey(base / "www/shop")

        as_nobody(look)


def test_what_root_makes_belongs_to_the_runner_and_the_links_to_their_goal_s_owner():
    """A service that is no root goes on from there; Apache may compare owners of links."""
    with open_directory() as base:
        root = base / "shop"
        written(root, STATIC)
        os.chown(root / "about", 1, 1)
        take_over(root, survey(root), NOBODY)
        written(base / "blog/current", STATIC)
        take_over(base / "blog", survey(base / "blog"), NOBODY)

        made = [root, *(root / name for name in ("releases", "shared"))]
        made += [
            path for place in (root, base / "blog") for path in (place / ".deployr").rglob("*")
        ]
        assert {NOBODY} == {path.stat().st_uid for path in made}
        assert (1, 0) == tuple((root / n).lstat().st_uid for n in ("about", "index.html"))
