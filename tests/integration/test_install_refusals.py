"""What the served installer refuses, and that it has changed nothing by then."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.distribution import build, wheel_of
from tests.support.fresh_root import FreshRoot
from tests.support.live import LiveBackend

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "runner/installer"
RUN = 'curl -fsSL "$1/install-runner.sh" | bash -s -- "${@:2}"'


@pytest.fixture
def machine(tmp_path):
    return FreshRoot(tmp_path / "machine")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture
def dist(built, tmp_path):
    """What the backend serves; a test may change it."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for path in built.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def backend(dist):
    with LiveBackend(DIST=str(dist)) as live:
        yield live


def refused(machine, backend, *options, script=RUN):
    """Return what it says; root's machine is as it was."""
    before = machine.files()
    done = machine.run(script, backend.url, "--code", "x", *options)
    assert 0 != done.returncode
    assert before == machine.files()
    assert not list((machine.path / "tmp").iterdir())
    return done.stdout


def test_wheel_with_another_checksum(machine, backend, dist):
    with zipfile.ZipFile(wheel_of(dist), "a") as wheel:
        wheel.writestr("more", "")

    assert "the checksum is" in refused(machine, backend)


def test_wheel_that_is_gone(machine, backend, dist):
    wheel_of(dist).unlink()

    assert "fetch this script again" in refused(machine, backend)


def test_program_that_was_not_expected(machine, backend):
    said = refused(machine, backend, "--sha256", "0" * 64, "--sha256", "1" * 64)

    assert "offers something else than --sha256 says" in said


def test_address_that_anybody_could_answer(machine, backend):
    said = refused(machine, backend, "--url", "http://deployr.example.com")

    assert "only https:// is safe" in said


def test_other_place_than_that_of_the_runner(machine, backend):
    """Uninstalling would leave one of them."""
    (machine.path / "etc/deployr-runner.installed").write_text("prefix /opt/deployr\n")

    said = refused(machine, backend, "--prefix", "/srv/deployr")

    assert "the runner is in /opt/deployr: leave out --prefix" in said


def test_path_that_depends_on_where_one_is(machine, backend):
    assert "--path must be an absolute path" in refused(machine, backend, "--path", "www/app")


def test_machine_without_python(machine, backend):
    """Its other programs are there."""
    hide = f'for each in /usr/bin/*; do ln -s "$each" /opt; done; rm /opt/python*; PATH=/opt; {RUN}'
    (machine.path / "etc/os-release").write_text('ID="debian"\nVERSION_ID="12"\n')
    done = machine.run(hide, backend.url, "--code", "x")

    assert 1 == done.returncode
    assert "needs Python >= 3.11. As root: apt-get install python3 python3-venv" in done.stdout
    assert not (machine.path / "etc/deployr").exists()


def test_python_without_what_makes_environments(machine, backend):
    """As on Debian, where that is a package of its own."""
    python = machine.path / "local/bin/python3"
    python.write_text(
        '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec /usr/bin/python3 "$@"\n'
    )
    python.chmod(0o755)

    assert "apt-get install python3-venv" in refused(machine, backend)


def test_nothing_to_uninstall(machine, backend):
    before = machine.files()
    done = machine.run(RUN, backend.url, "--uninstall")

    assert 0 == done.returncode
    assert "There is no runner of root here: nothing was changed.\n" == done.stdout
    assert before == machine.files()


def test_same_sources_make_the_same_files(built, tmp_path):
    """Of several backends one may serve the installer, and another the wheel."""
    umask = os.umask(0o077)
    try:
        again = build(tmp_path / "with space")
    finally:
        os.umask(umask)

    assert {path.name: path.read_bytes() for path in built.iterdir()} == {
        path.name: path.read_bytes() for path in again.iterdir()
    }


def test_one_file_is_as_clean_as_its_parts(dist):
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run(
        [shellcheck, "--enable=all", "--severity=style", dist / "install-runner.sh"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (0, "") == (checked.returncode, checked.stdout)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_half_of_the_script_does_nothing(dist, kept, tmp_path):
    """As when the connection breaks: bash runs what it has got."""
    script = (dist / "install-runner.sh").read_bytes()
    part = script[: int(len(script) * kept)]

    done = subprocess.run(
        ["bash", "-s", "--", "--version"], input=part, capture_output=True, check=False
    )

    assert b"" == done.stdout


@pytest.mark.parametrize(
    ("release", "word"),
    [
        ("ID=ubuntu\nVERSION_ID='22.04'\n", "apt-get install python3.11 python3.11-venv"),
        ('ID="ubuntu"\nVERSION_ID="24.04"\n', "apt-get install python3 python3-venv"),
        ('ID="almalinux"\nVERSION_ID="9.4"\n', "dnf install python3.11"),
        ("ID=fedora\nVERSION_ID=42\n", "dnf install python3\n"),
        ('ID="cloudlinux"\nVERSION_ID="9.2"\n', "dnf install alt-python311"),
        ("ID=alpine\nVERSION_ID=3.22.1\n", "apk add python3"),
        ('ID=debian\nVERSION_ID="11"\n', "uv python install"),
        ("", "uv python install"),
    ],
)
def test_tells_how_to_get_python(tmp_path, release, word):
    file = tmp_path / "os-release"
    file.write_text(release)
    call = 'me=root; source "$1/python.sh"; tell_how_to_get_python "$2"'
    told = subprocess.run(
        ["bash", "-euc", call, "bash", PARTS, file], capture_output=True, text=True, check=True
    )

    assert word in told.stderr


def test_directory_of_earlier_installers_becomes_a_version(tmp_path):
    (tmp_path / "venv/bin").mkdir(parents=True)
    call = 'prefix=$2; source "$1/program.sh"; find_version_before; echo "${before}"'
    told = subprocess.run(
        ["bash", "-euc", call, "bash", PARTS, tmp_path], capture_output=True, text=True, check=True
    )

    assert f"{tmp_path}/versions/before" == told.stdout.strip()
    assert (tmp_path / "venv/bin").is_dir()
    assert (tmp_path / "venv").is_symlink()


def test_runner_that_something_else_keeps_running_is_named(tmp_path):
    call = """
    exec 9>"$2/lock"; flock 9; state=$2 as_user=(); me=none
    fail() { echo "$1"; exit 1; }
    source "$1/service.sh"; check_alone 9>&-
    """
    told = subprocess.run(
        ["bash", "-euc", call, "bash", PARTS, tmp_path], capture_output=True, text=True, check=False
    )

    assert 1 == told.returncode
    assert "another deployr-runner runs" in told.stdout


def test_crontab_that_cannot_be_read_is_left_alone(machine):
    """An error is no empty table, which would be written anew without the lines of others."""
    table = machine.path / "var/spool/cron/crontabs/ada"
    table.write_text("5 4 * * * /bin/true\n")
    crontab = machine.path / "local/bin/crontab"
    crontab.write_text('#!/bin/sh\n[ "$1" = -l ] && { echo broken >&2; exit 1; }\necho written\n')
    crontab.chmod(0o755)
    for part in PARTS.iterdir():
        (machine.path / "tmp" / part.name).write_text(part.read_text())
    call = """
    for part in options service cron remove main; do source "/tmp/${part}.sh"; done
    choose_keeper; echo "${keeper}"; remove_cron_line
    """
    said = machine.run(call, user="ada").stdout

    assert "so it stays as it is: broken\nnone\n" in said
    assert "can't be read: broken" in said
    assert "written" not in said
