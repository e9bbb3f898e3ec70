"""The backend in a hosting account: Apache, Passenger, a firewall and a stingy MariaDB."""

import json
import re
import time

import requests

from tests.support.hosting import Visitors
from tools.demo.system import EXAMPLES, DeployrSystem

WAIT_TIMEOUT = 5


def test_backend_answers_at_the_root_and_below_a_path(site):
    for url in (site.url, site.apache.below_url):
        assert site.live() == site.health(url)["revision"], site.told()
        page = requests.get(f"{url}/", timeout=60)
        assert 200 == page.status_code
        (style,) = re.findall(r'href="([^"]+\.css[^"]*)"', page.text)
        answer = requests.get(f"{url.removesuffix('/deployr')}{style}", timeout=60)
        assert ("text/css", 200) == (
            answer.headers["Content-Type"].split(";")[0],
            answer.status_code,
        )
    assert [] == site.apache.denials()


def test_connections_that_the_database_dropped_are_made_anew(site, token):
    """It allows ten of them, and ends each after five idle seconds."""
    with Visitors(site.url, token, count=12) as visitors:
        time.sleep(3)
    time.sleep(WAIT_TIMEOUT + 1)
    with Visitors(site.url, token, count=12) as later:
        time.sleep(3)

    assert {"200"} == set(visitors.answers) | set(later.answers), site.told()


def test_missing_settings_are_told_in_a_page_and_the_log(site):
    """Not by the host's own page of errors; and once they are there, all is well again."""
    env = site.account.app / ".env"
    site.account.run("mv", str(env), f"{env}.away")
    site.restart()

    page = site.until(503, "/")
    assert "Its operator finds the reason in logs/deployr.log." in page.text
    assert "backend_not_started" == site.until(503).json()["code"]
    line = json.loads((site.account.app / "logs/deployr.log").read_text().splitlines()[-1])
    assert f"DEPLOYR_DATABASE_URL: is needed: write it into {env}" in line["problem"]

    site.account.run("mv", f"{env}.away", str(env))
    assert site.live() == site.until(200).json()["revision"]


def test_doctor_finds_nothing(site):
    said = site.flask("deployr", "doctor", check=False)

    assert {"ok"} == {line.split()[0] for line in said.splitlines()}, said
    assert "10 connections; each process takes up to 1." in said
    assert "Tokens arrive." in said
    assert "Logs of deployments pass" in said


class HostedBackend(DeployrSystem):
    """Clients of the backend in the account."""

    def use(self, site, token):
        self.url, self.token = site.url, token
        argv = ("deployr", "login", "--token", "--url", self.url)
        self.run(*argv, cwd=self.root, stdin=f"{token}\n")


def test_app_is_deployed_through_it(site, token, tmp_path):
    with HostedBackend(tmp_path) as system:
        commit = system.create_project(EXAMPLES / "static")
        system.use(site, token)
        system.register_runner()

        pushed = system.run("deployr", "--json", "push", "--create", check=False)

        assert 0 == pushed.returncode, pushed.stderr + site.told()
        assert commit == json.loads(pushed.stdout)["commit"]
        assert (system.path / "current").is_symlink()
    assert [] == site.apache.denials()
