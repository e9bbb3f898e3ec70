"""What releases.jsonl tells of each release, and that room is made before a build."""

import json

from deployr.states import Framework
from runner.releases import MAX_FORGOTTEN, Record, parse, ran_since, render, tidy

from .site import Site


def record_of(site: Site, number: int) -> Record:
    text = (site.root / ".deployr/releases.jsonl").read_text()
    return list(parse(text).values())[number]


def test_record_tells_commit_steps_framework_and_manifest(site):
    sections = {"deploy": {"hooks": {"after_activate": ["true"]}}}
    commit = site.commit({"index.html": "x", "deploy.yaml": json.dumps(sections)})
    site.push()

    found = record_of(site, 0)

    assert (commit, "good", 1) == (found.commit, found.state, found.job)
    assert Framework.STATIC == found.framework
    hook = {"run": "true"}
    assert {"deploy": {"hooks": {"after_activate": [hook]}}} == found.manifest
    assert ["fetch", "checkout"] == [step.name for step in found.steps][:2]
    assert all(step.seconds >= 0 for step in found.steps)


def test_old_releases_go_before_the_build_although_every_deployment_fails(site):
    """Competitors remove only after success: failing deployments fill the disk."""
    for _ in range(4):
        site.commit({"index.html": "x"})
        assert "removed" not in site.push().text
    sections = {"deploy": {"keep_releases": 1}, "build": {"commands": ["false"]}}
    site.commit({"deploy.yaml": json.dumps(sections)})

    job = site.push()

    assert "exit_nonzero" == job.reason
    assert 2 == len(site.releases)
    assert "removed: 2" in job.text.split("==> build")[0]


def test_hook_that_takes_too_long_ends_the_job(site):
    hook = {"run": "sleep 60", "timeout": 1}
    sections = {"deploy": {"hooks": {"before_activate": [hook]}}}
    site.commit({"index.html": "x", "deploy.yaml": json.dumps(sections)})

    job = site.push()

    assert "timeout" == job.reason
    assert "`sleep 60` took longer than its timeout allows (1 s)" == job.report.detail
    assert not site.current.exists()


def record(number: int, state: str, *migrations: str) -> Record:
    fields = {"job": number, "commit": "a" * 40, "branch": "main", "at": "x"}
    name = f"20260203180000-{number}"
    return Record.model_validate(
        {"release": name, "state": state, "migrations": migrations, **fields}
    )


def test_migrations_of_removed_and_failed_releases_count_too():
    known = [
        record(1, "good", "a"), record(2, "pruned", "b"), record(3, "bad", "c"), record(4, "good")
    ]  # fmt: skip
    records = {one.release: one for one in known}

    assert ["b", "c"] == ran_since(records, known[0].release)


def test_record_forgets_what_was_removed_long_ago():
    many = [record(number, "pruned") for number in range(MAX_FORGOTTEN + 5)]
    kept = record(99_999, "good")
    records = {one.release: one for one in (kept, *many)}

    found = parse(tidy(records, {kept.release}))

    assert MAX_FORGOTTEN + 1 == len(found)
    assert kept == found[kept.release]
    assert "".join(map(render, found.values())) == tidy(found, {kept.release})
