"""The line that installs a runner, and what the command line makes of a backend that cheats."""

import json
import shutil
import subprocess
import zipfile

import pytest

from tests.support.distribution import altered, build, wheel_of
from tests.support.live import LiveBackend

REQUIREMENTS, SCRIPT = "runner-requirements.txt", "install-runner.sh"
ADD = ("--json", "runners", "add", "--path", "/srv/app")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture
def dist(built, tmp_path):
    """What the backend serves; a test may change it."""
    return shutil.copytree(built, tmp_path / "dist")


@pytest.fixture
def backend(dist):
    with LiveBackend(DIST=str(dist)) as live:
        yield live


def test_line_pins_what_this_version_holds(deployr, checkout, backend, dist):
    line = json.loads(deployr(*ADD).out)["install_command"]

    sums = [
        subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout[:64]
        for file in (wheel_of(dist), dist / REQUIREMENTS)
    ]
    assert line.startswith(f"curl -fsSL {backend.url}/install-runner.sh | sudo bash -s -- --url ")
    assert line.endswith(f"--path /srv/app --sha256 {sums[0]} --sha256 {sums[1]}")


def test_checked_line_runs_nothing_but_that(deployr, checkout, dist, tmp_path):
    line = json.loads(deployr(*ADD).out)["checked_install_command"]
    assert "sudo bash install-runner.sh --url" in line
    harmless = line.split("sudo bash")[0] + "bash install-runner.sh --version"

    def run():
        return subprocess.run(
            ["bash", "-c", harmless], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    good = run()
    with (dist / SCRIPT).open("a") as script:
        script.write("echo more\n")
    bad = run()

    assert (0, True) == (good.returncode, "deployr-runner 0." in good.stdout)
    assert (1, False) == (bad.returncode, "deployr-runner 0." in bad.stdout)


def other_runner(dist, tmp_path):
    shutil.move(dist, tmp_path / "good")
    altered(tmp_path / "good", dist, "deployr/runner/main.py", "import sys\n", "import os, sys\n")


def other_scripts(dist, tmp_path):
    shutil.move(dist, tmp_path / "good")
    name = "deployr-0.1.0.dist-info/entry_points.txt"
    altered(tmp_path / "good", dist, name, "deployr.runner:script", "os:abort")


def one_more_file(dist, tmp_path):
    with zipfile.ZipFile(wheel_of(dist), "a") as wheel:
        wheel.writestr("evil.pth", "import os")


def name_twice(dist, tmp_path):
    with zipfile.ZipFile(wheel_of(dist), "a") as wheel, pytest.warns(UserWarning, match="Dup"):
        wheel.writestr("deployr/runner/main.py", (wheel.read("deployr/runner/main.py")))


def no_wheel(dist, tmp_path):
    wheel_of(dist).write_bytes(b"PK\x05\x06 not a wheel")


def other_packages(dist, tmp_path):
    with (dist / REQUIREMENTS).open("a") as file:
        file.write("evil==1.0\n")


def other_installer(dist, tmp_path):
    script = dist / SCRIPT
    script.write_text(script.read_text().replace("umask 022\n", "umask 022; id\n"))


def code_for_an_address(dist, tmp_path):
    script = dist / SCRIPT
    script.write_text(script.read_text().replace("\nbackend=''\n", "\nbackend='http://x'$(id)\n"))


@pytest.mark.parametrize(
    ("cheat", "word"),
    [
        (other_runner, "deployr/runner/main.py"),
        (other_scripts, "entry_points.txt"),
        (one_more_file, "evil.pth"),
        (name_twice, "the wheel"),
        (no_wheel, "the wheel"),
        (other_packages, REQUIREMENTS),
        (other_installer, SCRIPT),
        (code_for_an_address, SCRIPT),
    ],
)
def test_backend_that_offers_something_else_gets_no_line(
    deployr, checkout, dist, tmp_path, cheat, word
):
    cheat(dist, tmp_path)

    added = deployr(*ADD)

    assert "install_command" not in json.loads(added.out)
    assert "Take care" in added.err
    assert f"({word}" in added.err or f"{word})" in added.err


def test_other_version_is_not_compared(deployr, checkout, dist):
    script = dist / SCRIPT
    script.write_text(
        script.read_text().replace("release_version='0.1.0'", "release_version='7.0'")
    )

    added = deployr(*ADD)

    lines = json.loads(added.out)
    assert "The backend offers version 7.0" in added.err
    assert "--sha256" not in lines["install_command"]
    assert "checked_install_command" not in lines


def test_backend_without_an_installer_gets_the_line_of_before(deployr, checkout, dist):
    shutil.rmtree(dist)

    shown = deployr("runners", "add", "--path", "/srv/app")

    assert "deployr-runner register --url" in shown.out
    assert "curl" not in shown.out


def test_account_without_root_needs_no_sudo(deployr, checkout):
    checkout.commit("target", deploy_yaml="project: {target: cpanel}\n")

    added = json.loads(deployr(*ADD, "--docroot", "/home/me/public_html").out)

    assert "| bash -s -- --url" in added["install_command"]
    assert "&& bash install-runner.sh --url" in added["checked_install_command"]


def test_people_see_both_lines(deployr, checkout):
    shown = deployr("runners", "add", "--path", "/srv/app")

    assert "| sudo bash -s -- --url" in shown.out
    assert "sha256sum -c - && sudo bash install-runner.sh" in shown.err
    assert "deployr-runner register --url" in shown.err
