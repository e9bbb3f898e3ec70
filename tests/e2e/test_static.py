"""A developer pushes a static site again and again."""

import json

from tools.demo.apps import answers, page

SECRET = "correct-horse-battery-staple"


def test_first_push_and_second_commit_are_served(deployr_for):
    """Each push switches the served page to its commit."""
    site = deployr_for("static")

    first = site.push("--create")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "✓ Deployment completed successfully!" in first.stdout
    assert f"Deployed to: {site.system.path}" in first.stdout
    assert answers(site.url, site.commit)

    second = site.change("src/index.html", "</body>", "<p>second</p></body>")
    assert site.push().returncode == 0
    assert answers(site.url, second)
    assert "<p>second</p>" in page(site.url)


def test_broken_build_leaves_the_first_release_served(deployr_for):
    """Exit 1, with the failing command and its output on the screen."""
    site = deployr_for("static")
    assert site.push("--create").returncode == 0
    assert answers(site.url, site.commit)
    site.change("deploy.yaml", "commands:", "commands:\n    - echo about to break; ls /no-such-dir")

    broken = site.push()

    assert broken.returncode == 1
    assert "ls /no-such-dir" in broken.stdout
    assert "No such file or directory" in broken.stdout
    assert "exit_nonzero" in broken.stdout + broken.stderr
    assert site.commit in page(site.url)
    assert [] == list((site.system.root / "server/state/work").iterdir())


def test_failed_health_check_brings_the_previous_release_back(deployr_for):
    site = deployr_for("static")
    assert site.push("--create").returncode == 0
    assert answers(site.url, site.commit)
    check = f"deploy:\n  health_check: {{url: '{site.url}missing', attempts: 2, interval: 1}}\n"
    with (site.system.repo / "deploy.yaml").open("a") as manifest:
        manifest.write(check)
    site.system.commit("Ask for a page that does not exist")

    sick = site.push()

    assert sick.returncode == 1
    assert "health_check_failed" in sick.stdout + sick.stderr
    assert site.commit in page(site.url)


def test_secrets_of_the_env_file_never_reach_the_backend(deployr_for):
    """A build that prints its secrets leaves them in no log, no answer and no database."""
    site = deployr_for("static")
    site.system.write_env_file("static", f"API_KEY={SECRET}\n")
    site.change(
        "deploy.yaml",
        "commands:",
        f"commands:\n    - echo 'key {SECRET}' && printf %s '{SECRET}' | base64",
    )

    done = site.push("--create")

    # The command line itself holds the secret here, as it stands in the commit.
    assert done.returncode == 0
    assert SECRET not in done.stdout
    assert "key [masked]" in done.stdout
    # Keep WAL and database both in view.
    held = b"".join(path.read_bytes() for path in site.system.root.glob("backend.sqlite*"))
    assert SECRET.encode() not in held


def test_status_logs_and_lists_tell_the_same_story_as_json(deployr_for):
    site = deployr_for("static")
    assert site.push("--create").returncode == 0

    status = json.loads(site.system.run("deployr", "--json", "status").stdout)
    logs = site.system.run("deployr", "logs").stdout
    projects = json.loads(site.system.run("deployr", "--json", "projects").stdout)
    runners = json.loads(site.system.run("deployr", "--json", "runners").stdout)

    assert ("completed", site.commit) == (status["status"], status["commit"])
    assert [] != [step for step in status["steps"] if step["name"] == "activate"]
    assert "==> build" in logs
    assert ["static"] == [project["name"] for project in projects["projects"]]
    assert ["online"] == [one["status"] for one in runners["runners"]]


def test_runner_refuses_what_its_owner_did_not_list(deployr_for):
    """Another branch of the same repository is refused before anything is fetched."""
    site = deployr_for("static")
    site.system.run("git", "push", "--quiet", "origin", "main:refs/heads/other")
    site.system.run("git", "checkout", "--quiet", "-B", "other")

    refused = site.push("--create", "--branch", "other")

    assert refused.returncode == 1
    assert "policy_refused" in refused.stdout + refused.stderr
    assert not (site.system.path / "releases").exists()
