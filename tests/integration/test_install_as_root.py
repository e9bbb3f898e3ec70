"""install-runner.sh as root, in a view of the machine of its own that goes away with it."""

import os
import re
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.integration.test_install_runner import PARTS, ROOT
from tests.support.live import LiveBackend
from tests.support.sources import copy

# Users are made in a copy of /etc; what is installed goes to empty directories.
VIEW = """
set -eu
copy=$1; shift
# A file may go while other tests make users.
cp -a /etc "${copy}/etc" || { sleep 1; rm -r "${copy}/etc"; cp -a /etc "${copy}/etc"; }
mkdir "${copy}/opt" "${copy}/lib" "${copy}/bin"
mount --bind "${copy}/etc" /etc
mount --bind "${copy}/opt" /opt
mount --bind "${copy}/lib" /var/lib
mount --bind "${copy}/bin" /usr/local/bin
/bin/bash "$@"
# Again, as the advice of doctor and of a failed restart is printed: with neither address nor code.
env -u DEPLOYR_CODE /bin/bash "$1" --no-service --allow-restart app-3 --project-user deployr-blog
for user in deployr deployr-build; do stat -c '%n %U %a' "/var/lib/${user}"; done
runuser -u deployr -- sudo -n -u deployr-build -- id -un
runuser -u deployr -- sudo -n -l
runuser -u deployr -- sudo -n id -un 2>/dev/null || echo "no root"
"""


def expected_rules() -> list[str]:
    systemctl = shutil.which("systemctl") or "/usr/bin/systemctl"
    units = (
        f"deployr ALL=(root) NOPASSWD: {systemctl} restart {unit}, {systemctl} reload {unit}"
        for unit in ("app-1", "app-2", "app-3")
    )
    builders = (f"deployr ALL=({name}) NOPASSWD: ALL" for name in ("deployr-build", "deployr-blog"))
    return [next(builders), *units, *builders]


@pytest.mark.slow
def test_makes_users_and_rules_that_let_builds_run_apart(tmp_path):
    checkout = tmp_path / "checkout"
    for part in PARTS:
        source, goal = ROOT / part, checkout / part
        goal.parent.mkdir(exist_ok=True)
        copy(source, goal)
    allow = ("--project", "app", "--allow-repo", "https://git.invalid/app", "--allow-branch",
             "main", "--path", str(tmp_path / "www"))  # fmt: skip
    network = {name: value for name, value in os.environ.items() if "CERT" in name or "CA_" in name}
    env = network | {"HOME": "/root", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}

    with LiveBackend() as backend:
        code = backend.ask("POST", "/api/runners/codes", {}).json()["code"]
        done = subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-c", VIEW, "sh", str(tmp_path),
             str(checkout / "install-runner.sh"), "--no-service", "--url", backend.url, *allow,
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
    assert expected_rules() == rules.read_text().splitlines()
    assert not re.search("^deployr(-build|-blog)?:", Path("/etc/passwd").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("root", "has the rights of root"),
        ("toor", "has the rights of root"),
        ("wheel-user", "has the rights of root"),
        ("deployr", "must be another user"),
        ("also-deployr", "by another name"),
        ("ALL", "is no name for a build user"),
        ("x) NOPASSWD: ALL #", "is no name for a build user"),
        ("-x", "is no name for a build user"),
        ("", "is no name for a build user"),
    ],
)
def test_user_with_more_rights_is_refused_before_anything_is_made(tmp_path, name, word):
    """The users stand in an /etc of the test's own: other tests replace this machine's passwd."""
    etc = tmp_path / "etc"
    etc.mkdir()
    shutil.copy("/etc/group", etc)
    (etc / "passwd").write_text(
        "root:x:0:0::/root:/bin/sh\ntoor:x:0:100::/root:/bin/sh\n"
        "wheel-user:x:4001:0::/:/bin/sh\ndeployr:x:4000:4000::/:/bin/sh\n"
        "also-deployr:x:4000:100::/:/bin/sh\n"
    )
    script = """
    mount --bind "$1" /etc
    fail() { echo "$1" >&2; exit "${2:-1}"; }
    source "$2"
    useradd() { echo made; }; usermod() { echo made; }
    make_build_user "$3" deployr
    """
    users = ROOT / "runner/installer/users.sh"
    done = subprocess.run(
        ["unshare", "--mount", "/bin/bash", "-euc", script, "bash", etc, users, name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (2, "") == (done.returncode, done.stdout)
    assert word in done.stderr


def test_installer_refuses_such_a_user_as_the_first_thing(tmp_path):
    done = subprocess.run(
        ["/bin/bash", ROOT / "install-runner.sh", "--url", "https://x.example.com",
         "--user", f"no-{os.getpid()}", "--build-user", "root", "--prefix", tmp_path / "made"],
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root", "DEPLOYR_CODE": "x"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 2 == done.returncode
    assert "root has the rights of root" in done.stderr
    assert f"no-{os.getpid()}" not in Path("/etc/passwd").read_text()


def test_path_that_the_runner_wrote_is_no_option_of_find(tmp_path):
    """Uninstalling as root asks whose the apps are."""
    (tmp_path / "-delete").touch()
    call = """
    source "$1"
    made() { echo root; }; userdel() { false; }
    remove_users "-delete"
    """
    done = subprocess.run(
        ["/bin/bash", "-euc", call, "bash", ROOT / "runner/installer/remove.sh"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "These users stay" in done.stdout
    assert (tmp_path / "-delete").exists()


@pytest.mark.parametrize(("action", "started"), [("upgrade", ["start"]), ("uninstall", [])])
def test_runner_starts_again_when_its_upgrade_breaks_off(tmp_path, action, started):
    """Not by SIGHUP, as a lost connection does: whoever runs tests under nohup ignores it."""
    for name in ("unit", "log"):
        (tmp_path / name).touch()
    call = """
    for part in options users program service cron remove main; do source "$1/${part}.sh"; done
    unit_file=$2/unit state=$2 keeper=systemd action=$3 me=root
    systemctl() { echo "$1" >>"${state}/log"; [[ "$1" != stop ]] || kill -TERM $$; }
    leave_well
    mkdir -p /run/systemd/system
    stop_service
    """
    view = 'mount -t tmpfs tmpfs /run; exec /bin/bash -euc "$@"'
    broken_off = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-euc", view, "sh", call, "bash",
         ROOT / "runner/installer", tmp_path, action],
        capture_output=True, check=False,
    )  # fmt: skip

    assert -signal.SIGTERM == broken_off.returncode
    assert ["stop", *started] == (tmp_path / "log").read_text().split()
