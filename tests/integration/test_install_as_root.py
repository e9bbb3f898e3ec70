"""install-runner.sh as root, in a view of the machine of its own that goes away with it."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.integration.test_install_runner import PARTS, ROOT
from tests.support.live import LiveBackend

# Users are made in a copy of /etc; what is installed goes to empty directories.
VIEW = """
set -eu
copy=$1; shift
cp -a /etc "${copy}/etc"; mkdir "${copy}/opt" "${copy}/lib" "${copy}/bin"
mount --bind "${copy}/etc" /etc
mount --bind "${copy}/opt" /opt
mount --bind "${copy}/lib" /var/lib
mount --bind "${copy}/bin" /usr/local/bin
/bin/bash "$@"
for user in deployr deployr-build; do stat -c '%n %U %a' "/var/lib/${user}"; done
runuser -u deployr -- sudo -n -u deployr-build -- id -un
runuser -u deployr -- sudo -n -l
runuser -u deployr -- sudo -n id -un 2>/dev/null || echo "no root"
"""


@pytest.mark.slow
def test_makes_users_and_rules_that_let_builds_run_apart(tmp_path):
    checkout = tmp_path / "checkout"
    for part in PARTS:
        source, goal = ROOT / part, checkout / part
        goal.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, goal)
    allow = ("--project", "app", "--allow-repo", "https://git.invalid/app", "--allow-branch",
             "main", "--path", str(tmp_path / "www"))  # fmt: skip
    network = {name: value for name, value in os.environ.items() if "CERT" in name or "CA_" in name}
    env = network | {"HOME": "/root", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}

    with LiveBackend() as backend:
        code = backend.ask("POST", "/api/runners/codes", {}).json()["code"]
        done = subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-c", VIEW, "sh", str(tmp_path),
             str(checkout / "install-runner.sh"), "--url", backend.url, *allow,
             "--allow-restart", "app-1", "--allow-restart", "app-2"],
            cwd="/", env=env | {"DEPLOYR_CODE": code}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip

    assert 0 == done.returncode, done.stdout
    said = done.stdout.splitlines()
    assert "Builds and hooks run as deployr-build" in said
    assert ["/var/lib/deployr deployr 700", "/var/lib/deployr-build deployr-build 750"] == [
        line for line in said if line.startswith("/var/lib/deployr")
    ]
    assert "deployr-build" in said
    assert "no root" == said[-1]
    config = tomllib.loads((tmp_path / "etc/deployr/runner.toml").read_text())
    assert "deployr-build" == config["build_user"]
    rules = tmp_path / "etc/sudoers.d/deployr-runner"
    assert 0o440 == rules.stat().st_mode & 0o777
    systemctl = shutil.which("systemctl") or "/usr/bin/systemctl"
    assert [
        "deployr ALL=(deployr-build) NOPASSWD: ALL",
        *(f"deployr ALL=(root) NOPASSWD: {systemctl} restart {unit}, {systemctl} reload {unit}"
          for unit in ("app-1", "app-2")),
    ] == rules.read_text().splitlines()  # fmt: skip
    assert "\ndeployr" not in Path("/etc/passwd").read_text()
