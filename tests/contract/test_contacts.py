"""The command line talks to its backend, to GitHub for signing in, and runs git: nothing else.

The backend by itself talks to nobody.
"""

import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from deployr.wire import Report
from tests.support.browser import ADA
from tests.support.contacts import watched
from tests.support.github import FakeGithub
from tests.support.live import LiveBackend
from tests.support.routes import ROUTES
from tests.support.world import World

MANIFEST = "project: {name: shop, framework: static}\n"
OTHERS = (
    *("whoami", "projects", "status", "logs", "jobs", "releases", "runners", "tokens", "audit"),
    *("members", "members invitations", "invitations", "push --no-follow"),
    *("cancel --yes", "--json runners add --path /srv/www", "tokens create ci", "schema", "logout"),
)


def address_of(url):
    parts = urlsplit(url)
    return {(parts.hostname, parts.port)}


def test_commands_talk_to_the_backend_alone(deployr, backend, checkout, hand_runner, in_background):
    checkout.commit("add", deploy_yaml=MANIFEST)
    checkout.push()

    def work():
        job_id, _ = hand_runner.claim_when_there_is_one()
        hand_runner.finish(job_id, Report())

    in_background(work)
    with watched() as seen:
        pushed = deployr("push", "--create")
        said = [deployr(*command.split()) for command in OTHERS]

    assert 0 == pushed.code, pushed.err
    assert {0, 2} >= {each.code for each in said[:9]}
    assert address_of(backend.url) == seen.addresses
    assert {"git"} == {program.rpartition("/")[2] for program in seen.programs}


@pytest.mark.parametrize("options", [(), ("--token",)])
def test_sign_in_talks_to_github_too_unless_a_token_is_given(deployr, options):
    with (
        FakeGithub(visitor=ADA, device_flow=False) as github,
        LiveBackend(**github.settings()) as backend,
        watched() as seen,
    ):
        deployr("login", "--url", backend.url, *options, stdin=backend.token)

    asked = address_of(github.url) if not options else set()
    assert address_of(backend.url) | asked == seen.addresses
    assert set() == seen.programs


def test_backend_talks_to_nobody_by_itself():
    world = World("sqlite")
    with watched() as seen:
        for route in ROUTES:
            owner = world.actors["owner"].api
            url = route.url(world.ids)
            with (
                owner.get(url)
                if route.method == "GET"
                else owner.post(url, route.content(world.ids)) as answer
            ):
                answer.get_data()
            world.snapshot.restore()
    world.close()

    assert (set(), set()) == (seen.addresses, seen.programs)


def test_contacts_would_be_noticed():
    with socket.create_server(("127.0.0.1", 0)) as server, watched() as seen:
        address = server.getsockname()
        socket.create_connection(address).close()
        subprocess.run([sys.executable, "--version"], check=True, capture_output=True)

    assert ({address}, {sys.executable}) == (seen.addresses, seen.programs)
