"""A developer looks before he deploys, deploys twice, and goes back."""

import json

import pytest

from tools.demo.apps import answers, page


@pytest.fixture
def site(deployr_for):
    """The static example with two commits deployed."""
    found = deployr_for("static")
    assert found.push("--create").returncode == 0
    found.first = found.commit
    found.second = found.change("src/index.html", "<h1>It works.</h1>", "<h1>It works twice.</h1>")
    assert found.push().returncode == 0
    assert answers(found.url, found.second)
    return found


def deployr(site, *arguments: str):
    return site.system.run("deployr", *arguments, check=False)


def releases(site) -> list[dict[str, str]]:
    listed = deployr(site, "releases", "--json")
    assert 0 == listed.returncode, listed.stderr
    found = json.loads(listed.stdout)
    rows = found["releases"] if isinstance(found, dict) else found
    return [{"state": row["state"], "commit": row["commit"]} for row in rows]


@pytest.mark.slow
def test_rollback_brings_the_first_page_back_and_the_list_says_so(site):
    assert [
        {"state": "live", "commit": site.second},
        {"state": "good", "commit": site.first},
    ] == releases(site)

    back = deployr(site, "rollback", "--yes")

    assert 0 == back.returncode, back.stdout + back.stderr
    assert site.first in page(site.url)
    assert [
        {"state": "good", "commit": site.second},
        {"state": "live", "commit": site.first},
    ] == releases(site)

    forward = deployr(site, "rollback", site.second[:8], "--yes")

    assert 0 == forward.returncode, forward.stdout + forward.stderr
    assert site.second in page(site.url)


@pytest.mark.slow
def test_dry_run_shows_the_plan_and_leaves_the_page(site):
    before = sorted((site.system.path / "releases").iterdir())
    third = site.change("src/index.html", "<h1>It works twice.</h1>", "<h1>Three.</h1>")

    done = site.push("--dry-run")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "becomes releases/" in done.stdout
    assert third in done.stdout
    assert site.second in page(site.url)
    assert before == sorted((site.system.path / "releases").iterdir())
