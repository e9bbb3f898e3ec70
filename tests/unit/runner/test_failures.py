"""What fails leaves the release before it live, and says what to do."""

import json
import shutil

import pytest

from runner.targets.vps import VpsTarget

from .site import Site


def manifest(**sections: object) -> str:
    """JSON is YAML too."""
    return json.dumps(sections)


@pytest.fixture
def live(site):
    """The site with a first release."""
    site.commit({"index.html": "one"})
    assert "completed" == site.push().status
    return site


def served(site: Site) -> str:
    return (site.current / "index.html").read_text()


def test_failing_build_leaves_the_first_release_and_shows_its_output(live):
    commands = ["echo before", "echo on stderr >&2; exit 7", "echo after"]
    live.commit({"index.html": "two", "deploy.yaml": manifest(build={"commands": commands})})

    job = live.push()

    assert ("exit_nonzero", 7) == (job.reason, job.end["exit_code"])
    failed = "step build: `echo on stderr >&2; exit 7` ended with exit code 7"
    assert failed == job.report.detail
    assert "on stderr\n" in job.text
    assert "\nafter\n" not in job.text
    assert "one" == served(live)
    assert 1 == len(live.releases)


def test_steps_before_the_failure_are_reported_with_their_times(live):
    live.commit({"deploy.yaml": manifest(build={"commands": ["false"]})})

    steps = live.push().report.steps

    assert ["fetch", "checkout", "preflight", "make-room", "build"] == [step.name for step in steps]
    assert [True, True, True, True, False] == [step.ok for step in steps]


def test_failing_hook_before_the_switch_removes_the_new_release(live):
    hooks = {"before_activate": ["exit 3"], "on_failure": ["touch $DEPLOYR_PATH/told"]}
    live.commit({"index.html": "two", "deploy.yaml": manifest(deploy={"hooks": hooks})})

    job = live.push()

    assert "exit_nonzero" == job.reason
    assert job.report.release is None
    assert 1 == len(live.releases)
    assert "one" == served(live)
    assert (live.root / "told").exists()


def test_failing_restart_goes_back_and_restarts_the_old_release(live):
    """The hook fails for the new release only."""
    hook = 'echo "restart $DEPLOYR_RELEASE" && grep one index.html'
    hooks = {"after_activate": [hook]}
    live.commit({"index.html": "two", "deploy.yaml": manifest(deploy={"hooks": hooks})})
    old = live.current.resolve()

    job = live.push()

    assert "exit_nonzero" == job.reason
    assert "one" == served(live)
    assert "bad" == job.report.release.state
    assert f"restart {old}\none\n" in job.text


def test_failing_first_deployment_after_the_switch_stays_to_be_looked_at(site):
    hooks = {"after_activate": ["exit 1"]}
    site.commit({"index.html": "one", "deploy.yaml": manifest(deploy={"hooks": hooks})})

    job = site.push()

    assert "there is no earlier release to go back to" in job.text
    assert "one" == served(site)


def test_failing_on_failure_hook_does_not_hide_the_reason(live):
    hooks = {"before_build": ["exit 5"], "on_failure": ["exit 6"]}
    live.commit({"deploy.yaml": manifest(deploy={"hooks": hooks})})

    job = live.push()

    assert 5 == job.end["exit_code"]
    assert "on_failure: `exit 6` ended with exit code 6" in job.text


def test_timeout_of_deploy_yaml_ends_the_build(live):
    sections = {"build": {"commands": ["sleep 60"]}, "deploy": {"timeout": 1}}
    live.commit({"deploy.yaml": manifest(**sections)})

    job = live.push()

    assert "timeout" == job.reason
    assert "took longer than deploy.timeout allows (1 s)" == job.report.detail
    assert "one" == served(live)


def test_every_problem_of_deploy_yaml_is_reported_with_its_place(live):
    live.commit({"deploy.yaml": "deploy:\n  paht: /x\nbuild:\n  commands: 1\n"})

    job = live.push()

    assert "preflight_failed" == job.reason
    assert "deploy.yaml:2:3 deploy.paht" in job.report.detail
    assert "deploy.yaml:4:3 build.commands" in job.report.detail


@pytest.mark.parametrize(
    ("kind", "advice"),
    [("file", "move it away"), ("directory", "`deployr-runner adopt shop` takes it over")],
)
def test_current_that_is_no_link_is_refused_with_advice(site, kind, advice):
    site.root.mkdir(parents=True)
    if kind == "file":
        site.current.touch()
    else:
        site.current.mkdir()
    site.commit({"index.html": "one", "deploy.yaml": manifest(build={"commands": ["echo hi"]})})

    job = site.push()

    assert "preflight_failed" == job.reason
    assert advice in job.report.detail
    assert ["current"] == [path.name for path in site.root.iterdir()]
    assert "$ echo hi" not in job.text


def test_build_without_its_output_directory_says_so(site):
    site.commit({"index.html": "one", "deploy.yaml": manifest(build={"output": "dist"})})

    job = site.push()

    assert ("preflight_failed", "the build left no directory dist") == (
        job.reason,
        job.report.detail,
    )


def test_output_that_leads_out_of_the_checkout_is_refused(site):
    build = {"commands": ["ln -s /etc dist"], "output": "dist"}
    site.commit({"deploy.yaml": manifest(build=build)})

    assert "preflight_failed" == site.push().reason


def test_missing_tool_is_named_before_the_build(site, monkeypatch, tmp_path):
    """PATH holds git and tar and nothing else."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "tar"):
        (tools / name).symlink_to(shutil.which(name))
    site.commit({"artisan": "", "composer.json": "{}"})
    monkeypatch.setenv("PATH", str(tools))

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "php is not installed on this server" in job.report.detail
    assert "composer is not installed on this server" in job.report.detail
    assert "==> build" not in job.text


def test_second_deployment_to_the_same_place_is_kept_out(live):
    other = VpsTarget(live.root)
    assert other.lock()
    live.commit({"index.html": "two"})

    job = live.push()

    other.unlock()
    assert "another deployment is working" in job.report.detail
    assert "one" == served(live)


def test_directory_that_may_not_be_made_is_a_clear_refusal(site):
    site.commit({"index.html": "one"})
    site.root.parent.write_text("a file where a directory should be")

    job = site.push()

    assert "preflight_failed" == job.reason
    assert f"{site.root.parent} is no directory: move it away" in job.report.detail


def test_hook_of_a_refused_deploy_yaml_does_not_run(live):
    hooks = {"on_failure": [f"touch {live.root}/told"]}
    live.commit({"deploy.yaml": manifest(project={"name": "blog"}, deploy={"hooks": hooks})})

    assert "policy_refused" == live.push().reason
    assert not (live.root / "told").exists()


def test_hook_does_not_run_beside_another_deployment(live):
    hooks = {"on_failure": [f"touch {live.root}/told"]}
    live.commit({"deploy.yaml": manifest(deploy={"hooks": hooks})})
    other = VpsTarget(live.root)
    other.lock()

    assert "preflight_failed" == live.push().reason
    other.unlock()
    assert not (live.root / "told").exists()


def test_output_that_is_a_link_is_shipped_as_what_it_stands_for(live):
    commands = ["mkdir b && echo two > b/index.html && ln -s b dist"]
    build = {"commands": commands, "output": "dist"}
    live.commit({"deploy.yaml": manifest(build=build)})

    assert "completed" == live.push().status
    assert "two\n" == served(live)


def test_endless_detail_is_cut_but_stands_in_the_log(site):
    """What git, a web server or a command line says may be longer than a post."""
    lines = [f"exit {code} # {'x' * 3900}" for code in (3, 4)]
    site.commit({"deploy.yaml": manifest(build={"commands": ["\n".join(lines)]})})

    job = site.push()

    assert ("exit_nonzero", 3) == (job.reason, job.end["exit_code"])
    assert 4096 == len(job.report.detail)
    assert lines[1] in job.text
