"""A static site from a git repository to what visitors get."""

import re
import stat

from runner.agent import Agent
from runner.client import Client
from runner.stop import StopFlag

from .fake_backend import TOKEN


def test_first_deployment_serves_the_commit(site):
    commit = site.commit({"index.html": "one", "img/a.svg": "<svg/>", ".gitignore": "x"})

    job = site.push()

    assert ("completed", None) == (job.status, job.reason)
    assert "one" == (site.current / "index.html").read_text()
    assert f"releases/{site.releases[0]}" == str(site.current.readlink())
    assert commit == job.report.commit


def test_second_deployment_switches_the_page(site):
    site.commit({"index.html": "one"})
    site.push()
    site.commit({"index.html": "two"})
    site.push()

    assert "two" == (site.current / "index.html").read_text()
    assert 2 == len(site.releases)


def test_release_holds_neither_git_files_nor_deploy_yaml_nor_the_revision(site):
    """All of a static release is public."""
    site.commit({"index.html": "x", "deploy.yaml": "", ".gitignore": "", ".github/ci.yml": ""})

    site.push()

    assert ["index.html"] == sorted(path.name for path in site.current.iterdir())


def test_web_server_of_another_user_can_read_the_release(site):
    site.commit({"index.html": "x", "sub/a.txt": "a"})

    site.push()

    release = site.current.resolve()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in release.rglob("*") if path.is_file()}
    assert {0o644} == modes
    assert 0o755 == stat.S_IMODE((release / "sub").stat().st_mode)


def test_report_tells_path_release_and_step_times(site):
    site.commit({"index.html": "x"})

    report = site.push().report

    assert str(site.root) == report.path
    assert (site.releases[0], "good") == (report.release.name, report.release.state)
    names = [step.name for step in report.steps]
    assert ["fetch", "checkout", "preflight", "make-room", "release"] == names[:5]
    assert ["activate", "confirm", "prune"] == names[5:]
    assert all(step.ok for step in report.steps)


def test_log_shows_each_step_and_ends_with_the_result(site):
    commit = site.commit({"index.html": "x"})

    lines = site.push().text.splitlines()

    assert "==> fetch" in lines
    assert any(re.fullmatch(r"    activate done in \d+\.\d s", line) for line in lines)
    assert f"completed: {commit} is live in {site.root} as {site.releases[0]}" == lines[-1]


def test_end_says_how_long_the_whole_log_is(site):
    site.commit({"index.html": "x"})

    job = site.push()

    assert job.finished.is_set()
    assert len(job.log) == job.end["log_final_bytes"]


def test_output_directory_of_the_build_is_shipped_alone(site):
    build = 'build:\n  commands: ["mkdir out", "echo $DEPLOYR_COMMIT > out/index.html"]\n'
    commit = site.commit({"deploy.yaml": build + "  output: out\n", "secret.txt": "x"})

    site.push()

    assert commit == (site.current / "index.html").read_text().strip()
    assert ["index.html"] == [path.name for path in site.current.iterdir()]


def test_token_stands_in_no_environment_of_a_build(site, monkeypatch):
    monkeypatch.setenv("DEPLOYR_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-runner")
    site.commit({"deploy.yaml": "build: {commands: [env | sort]}"})

    names = {line.partition("=")[0] for line in site.push().text.splitlines() if "=" in line}

    assert {"DEPLOYR_PROJECT", "DEPLOYR_COMMIT", "DEPLOYR_JOB", "DEPLOYR_PATH"} <= names
    assert not {"DEPLOYR_TOKEN", "AWS_SECRET_ACCESS_KEY"} & names


def test_nothing_is_left_in_the_work_directory(site):
    site.commit({"index.html": "x"})

    site.push()

    assert [] == list(site.places.work.iterdir())


def test_idle_backend_leaves_nothing_to_do(site):
    with StopFlag() as stop:
        Agent(Client(site.backend.url, TOKEN), site.places, stop).run_once()

    assert 1 == site.backend.polls
