"""Apps for hosting accounts: deploy.yaml, and the lines that tell a runner where they go."""

import json
import os
import shlex
import subprocess
import sys

from deployr.manifest import Manifest
from tests.contract.test_cli_asks import at_terminal
from tests.support.cli_process import ROOT

WHERE = ("--path", "/home/me/app", "--docroot", "/home/me/public_html")


def cpanel(checkout):
    checkout.commit("hosting", deploy_yaml="project: {target: cpanel}\n")


def run_line(line, home):
    """Run a line that was printed for the runner's owner."""
    places = ("--config-dir", str(home / "config"), "--state-dir", str(home / "state"))
    argv = [sys.executable, "-m", "runner", *places, *shlex.split(line)[1:]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_init_writes_the_target(deployr, checkout):
    said = deployr("init", "--yes", "--target", "cpanel", "--path", "/home/me/app")

    manifest = Manifest.parse((checkout.path / "deploy.yaml").read_text())
    assert ("cpanel", "/home/me/app") == (manifest.project.target, manifest.deploy.path)
    assert "then `deployr runners add`, `deployr push`." in said.out


def test_add_names_host_document_root_and_domain(deployr, checkout):
    cpanel(checkout)

    given = ("--host", "hoster", *WHERE, "--domain", "shop.example.com")
    added = json.loads(deployr("runners", "add", *given, "--json").out)

    ending = "--path /home/me/app --host hoster --docroot /home/me/public_html --domain"
    assert added["command"].endswith(f"{ending} shop.example.com")
    assert added["allow_command"].endswith(f"{ending} shop.example.com")
    assert (
        added["target_command"]
        == "deployr-runner target add hoster --host HOST --user USER --key FILE"
    )


def test_add_prints_first_how_the_host_is_reached(deployr, checkout):
    cpanel(checkout)

    said = deployr("runners", "add", "--host", "hoster", *WHERE)

    lines = said.out.splitlines()
    assert "deployr-runner target add hoster --host HOST --user USER --key FILE" == lines[0]
    assert lines[1].startswith("deployr-runner register --url ")
    assert "Keys and passwords stay with the runner" in said.err


def test_without_a_host_the_runner_is_in_the_account(deployr, checkout):
    cpanel(checkout)

    added = json.loads(deployr("runners", "add", *WHERE, "--json").out)

    assert "target_command" not in added
    assert added["command"].endswith("--path /home/me/app --docroot /home/me/public_html")


def test_the_runner_takes_the_lines(deployr, checkout, tmp_path):
    """Also before the host is registered: the installer registers the runner first."""
    cpanel(checkout)
    added = json.loads(deployr("runners", "add", "--host", "hoster", *WHERE, "--json").out)

    registered = run_line(added["command"], tmp_path)
    allowed = run_line(added["allow_command"], tmp_path)

    assert "Registered as " in registered.stdout, registered.stderr
    assert 2 == allowed.returncode
    assert "hoster is no host of this runner" in allowed.stderr
    listed = run_line("deployr-runner allow list", tmp_path).stdout
    assert "to hoster:/home/me/app, served from /home/me/public_html" in listed


def test_add_asks_for_host_path_and_document_root(deployr, checkout):
    cpanel(checkout)

    code, said = at_terminal("runners", "add", answer="hoster\n/home/me/app\n")

    assert 0 == code
    assert "--path /home/me/app --host hoster --docroot /home/me/public_html" in said


def test_add_says_what_is_missing_where_nobody_can_be_asked(deployr, checkout):
    cpanel(checkout)

    no_path = deployr("runners", "add")
    no_docroot = deployr("runners", "add", "--path", "/home/me/app")

    assert (2, 2) == (no_path.code, no_docroot.code)
    assert "Say --path /home/USER/app, or set deploy.path" in no_path.err
    assert "Say --docroot /home/me/public_html" in no_docroot.err


def test_options_of_hosting_accounts_need_their_target(deployr, checkout):
    refused = deployr("runners", "add", "--path", "/srv/app", "--host", "hoster")

    assert 2 == refused.code
    assert "Set project.target: cpanel in deploy.yaml" in refused.err
