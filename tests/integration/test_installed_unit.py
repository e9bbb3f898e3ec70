"""The unit of the installed runner, as systemd reads it; systemd itself does not run here."""

import subprocess
from pathlib import Path

import pytest

from tests.support.fresh_root import FreshRoot

SERVICE = Path(__file__).resolve().parents[2] / "runner/installer/service.sh"
WRITE = """
source "$1"; user=$2 uses_sudo=$3 prefix=$4 config=/etc/deployr state=/var/lib/deployr
unit >"$5"
"""


@pytest.fixture
def program(tmp_path):
    """A place with a program in it."""
    script = tmp_path / "venv/bin/deployr-runner"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "uses_sudo", "most"),
    [("daemon", "no", 3.2), ("daemon", "yes", 7.5), ("root", "yes", 8.0)],
)
def test_unit_is_valid_and_as_confined_as_the_docs_say(program, user, uses_sudo, most):
    unit = program / "deployr-runner.service"
    subprocess.run(
        ["bash", "-euc", WRITE, "bash", SERVICE, user, uses_sudo, program, unit], check=True
    )

    verified = subprocess.run(
        ["systemd-analyze", "verify", unit],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert (0, "") == (verified.returncode, verified.stdout)
    exposure = float(told.stdout.split("Overall exposure level for")[1].split()[1])
    assert exposure <= most
    assert ("NoNewPrivileges=yes" in unit.read_text()) == (uses_sudo == "no")


@pytest.mark.parametrize(
    ("user", "rule", "told"),
    [
        ("ada", "", "no"),
        ("ada", "ada ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop", "yes"),
        ("root", "", "yes"),
    ],
)
def test_unit_leaves_sudo_to_whom_it_was_given(tmp_path, user, rule, told):
    """By the installer or by the server's owner."""
    machine = FreshRoot(tmp_path / "machine")
    (machine.path / "etc/sudoers.d/own").write_text(f"{rule}\n")
    (machine.path / "tmp/service.sh").write_text(SERVICE.read_text())
    find_out = 'user=$1; source /tmp/service.sh; find_out_about_sudo; echo "${uses_sudo}"'

    assert told == machine.run(find_out, user).stdout.strip()
