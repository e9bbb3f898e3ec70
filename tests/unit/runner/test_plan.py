"""A dry run: what it says, and that nothing changes."""

import json
from pathlib import Path

from .site import Site


def everything(site: Site) -> dict[str, object]:
    """Return path → content of all that the runner's owner and visitors see."""
    kept = (site.root, site.places.config, site.places.state / "caches")
    paths = [path for place in kept for path in Path(place).rglob("*")]
    return {
        str(path): path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in paths
    }


SECTIONS = {
    "build": {"commands": ["touch built", "echo $SECRET"]},
    "deploy": {
        "shared": {"dirs": ["storage"]},
        "hooks": {
            "before_build": ["sleep 1"],
            "after_activate": [{"run": "touch restarted", "timeout": 5}],
            "on_failure": ["touch told"],
        },
        "health_check": {
            "url": "http://127.0.0.1:9/up",
            "text": "v3",
            "attempts": 3,
            "deadline": 9,
        },
    },
}


def test_plan_shows_commands_and_paths_and_changes_nothing(site):
    site.commit({"index.html": "one"})
    site.push()
    before = everything(site)
    commit = site.commit({"index.html": "two", "deploy.yaml": json.dumps(SECTIONS)})

    job = site.push(action="plan")

    assert "completed" == job.status
    assert "job 2, dry run of shop (production)" in job.text
    assert before == everything(site)
    assert f"{commit} could be deployed; nothing was changed" in job.text
    release = f"{site.root}/releases/2"
    for said in (
        "/tree: touch built\n",
        "/tree: echo $SECRET\n",
        f"/storage becomes a link to {site.root}/shared/storage\n",
        f"{site.root}/current, now releases/{site.releases[0]}, becomes releases/2",
        "/tree: before_build hook: sleep 1\n",
        ": after_activate hook (timeout 5 s): touch restarted\n",
        "ask http://127.0.0.1:9/up for status 200 and the text 'v3', at most 3 times within 9 s\n",
        "would on_failure, should a step fail\n",
        f"in {site.root}: on_failure hook: touch told\n",
    ):
        assert said in job.text
    assert f"in {release}" in job.text
    assert job.report.release is None


def test_plan_of_a_first_deployment_makes_no_directory(site):
    site.commit({"index.html": "one"})

    job = site.push(action="plan")

    assert "completed" == job.status
    assert not site.root.exists()


def test_plan_fails_with_what_stands_in_the_way(site):
    site.commit({"deploy.yaml": '{"deploy": {"shared": {"files": ["keys.json"]}}}'})

    job = site.push(action="plan")

    assert "preflight_failed" == job.reason
    assert "keys.json is missing: make it on the server" in job.report.detail
    assert "would preflight\n" in job.text


def test_plan_does_not_wait_for_a_deployment_at_work(site):
    """It takes no lock."""
    site.commit({"index.html": "one"})
    site.push()
    held = site.target()
    assert held.lock()
    try:
        assert "completed" == site.push(action="plan").status
    finally:
        held.unlock()
