"""Ada's and Bob's projects of the same name, on the one runner that Ada shares with Bob."""

import json
from pathlib import Path

import pytest

from runner.config import load, save
from tests.factories import make_member, make_project
from tests.support.backend import Api
from tests.support.live import LiveBackend
from tests.support.server import SETTINGS, Server
from tests.unit.runner.site import git

MEET = """
cd ../../../..; touch of-$OWNER.is-here
until [ -e of-ada.is-here ] && [ -e of-bob.is-here ]; do sleep 0.05; done
"""
"""Each build waits for the other one: they run at the same time."""


@pytest.fixture
def backend():
    with LiveBackend(**SETTINGS) as found:
        yield found


@pytest.fixture
def server(tmp_path, backend):
    found = Server(tmp_path, backend)
    yield found
    found.stop()


@pytest.fixture
def owners(backend):
    """The first user has the runner."""
    tokens = {"ada": backend.token, "bob": backend.another_user("bob@example.com")}
    return {name: Api(backend.app, token) for name, token in tokens.items()}


def repository(folder: Path, owner: str) -> Path:
    """Make an app that says whose it is, and whose secrets it was given."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    build = {"commands": [MEET, "mkdir -p out && echo $OWNER > out/index.html"]}
    hooks = {"after_activate": ['echo "$GIVEN" > "$DEPLOYR_PATH/given"']}
    manifest = {
        "build": {**build, "env": {"OWNER": owner}, "output": "out"},
        "deploy": {"hooks": hooks},
    }
    (folder / "deploy.yaml").write_text(json.dumps(manifest))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "app")
    return folder


def test_namesakes_of_two_owners_are_deployed_side_by_side(tmp_path, backend, server, owners):
    repos = {name: repository(tmp_path / f"{name}s", name) for name in owners}
    urls = {name: repo.as_uri() for name, repo in repos.items()}
    projects = {
        name: make_project(user, name="blog", repo_url=urls[name]) for name, user in owners.items()
    }
    share(owners, projects["bob"])
    allow(server, projects)

    jobs = {
        name: user.write("/api/jobs", project_id=projects[name]["id"])["id"]
        for name, user in owners.items()
    }
    server.start()
    for name, user in owners.items():
        server.until(lambda user=user, job=jobs[name]: done(user, job))

    for name, user in owners.items():
        assert "completed" == user.read(f"/api/jobs/{jobs[name]}")["status"]
        root = server.root(name)
        assert f"{name}\n" == (root / "current" / "index.html").read_text()
        assert f"secret-of-{name}\n" == (root / "given").read_text()
    assert 404 == owners["bob"].get(f"/api/jobs/{jobs['ada']}").status_code


def done(user: Api, job_id: int) -> bool:
    return bool(user.read(f"/api/jobs/{job_id}")["logs_complete"])


def share(owners, project):
    """Let Bob take Ada in, and Ada share her runner with his project."""
    ada = Api(owners["ada"].app, owners["ada"].token, owners["ada"].read("/api/user")["id"])
    make_member(project, ada)
    (runner,) = ada.read("/api/runners")["runners"]
    ada.write(f"/api/runners/{runner['id']}/share", project_id=project["id"])


def allow(server: Server, projects) -> None:
    """Let the runner deploy both, each with its own secrets."""
    config = load(server.places)
    entries = []
    for name, project in projects.items():
        entry = config.allow[0].model_copy(
            update={
                "project": "blog",
                "project_id": project["id"],
                "repo": project["repo_url"],
                "path": str(server.root(name)),
            }
        )
        path = server.places.env_file(entry.key, entry.environment)
        path.parent.mkdir(parents=True)
        path.touch(mode=0o600)
        path.write_text(f"GIVEN=secret-of-{name}\n")
        entries.append(entry)
    save(server.places, config.model_copy(update={"capacity": 2, "allow": tuple(entries)}))
