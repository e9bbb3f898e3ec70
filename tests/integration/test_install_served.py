"""The installer as a backend serves it, from the one line to uninstalling, on a new machine."""

import shutil
from pathlib import Path

import pytest

from tests.support.distribution import altered, build
from tests.support.fresh_root import FreshRoot
from tests.support.live import LiveBackend

ROOT = Path(__file__).resolve().parents[2]
SYSTEMCTL = ROOT / "tests/support/systemctl.sh"
# `offer` has the backend serve another version.
COMMON = """
url=$1 code=$2
offer() { ln -sfn "$1" /tmp/dists/served; }
install() { curl -fsSL "${url}/install-runner.sh" | bash -s -- "$@"; }
allow=(--name web-1 --project app --allow-repo https://git.invalid/app --allow-branch main)
agents() { pgrep -fc 'bin/python .*deployr-runner .* run$' || true; }
"""
AS_USER = """
echo '5 4 * * * /bin/true' | crontab -
places=${HOME}/.local/share/deployr config=${HOME}/.config/deployr-runner
install --code "${code}" "${allow[@]}" --path "${HOME}/www" --dry-run
echo "untouched: $(ls -A "${HOME}")"
install --code "${code}" "${allow[@]}" --path "${HOME}/www"
crontab -l
"${places}/supervise"; echo "agents: $(agents)"
pkill -KILL -f 'deployr-runner .* run$'; sleep 6
for _ in {1..600}; do [ "$(agents)" = 0 ] || break; sleep 0.1; done; echo "agents after a crash: $(agents)"
echo "modes: $(stat -c %a "${config}" "${config}"/{token,runner.toml} | tr '\\n' ' ')"
kill -KILL "$(<"${HOME}/.local/state/deployr-runner/supervisor.pid")"
for _ in {1..600}; do [ "$(agents)" != 0 ] || break; sleep 0.1; done
echo "agents without a supervisor: $(agents)"
before=$(readlink "${places}/venv"); cp "${config}/token" /tmp/token
offer broken
DEPLOYR_WAIT_SECONDS=8 install --upgrade || echo "broken: $?"
[ "${before}" = "$(readlink "${places}/venv")" ]; echo "agents after going back: $(agents)"
cmp "${config}/token" /tmp/token
mkdir -p "${HOME}/www"
install --uninstall --dry-run; echo "agents after a dry run: $(agents)"
install --uninstall
echo "agents at the end: $(agents)"; crontab -l; echo "left: $(ls -A "${HOME}")"
"""
AS_ROOT = """
mkdir -p /run/systemd/system
install --code "${code}" "${allow[@]}" --path /srv/app --dry-run
echo "untouched: $(find /etc /opt /var -name '*deployr*')"
install --code "${code}" "${allow[@]}" --path /srv/app
echo "who: $(ps -o user= -p "$(pgrep -f 'bin/python .* run$')")"
runuser -u deployr -- sudo -n -u deployr-build -- id -un
before=$(readlink /opt/deployr/venv); cp /etc/deployr/token /tmp/token
offer newer
install
[ "${before}" != "$(readlink /opt/deployr/venv)" ]; echo "agents of the newer: $(agents)"
echo "versions: $(ls /opt/deployr/versions | wc -l)"; cmp /etc/deployr/token /tmp/token
rmdir /srv/app
install --uninstall
echo "agents at the end: $(agents)"; cat /tmp/systemctl.log
rm -r /run/systemd /run/deployr-runner.pid
"""


@pytest.fixture(scope="module")
def dists(tmp_path_factory):
    """A version that works, one whose agent does not, and a newer one that works."""
    folder = tmp_path_factory.mktemp("dists")
    build(folder / "good")
    main, line = "deployr/runner/main.py", "    config = load(places)\n"
    broken = '    raise RunnerError("it is broken")\n'
    altered(folder / "good", folder / "broken", main, line, broken)
    altered(folder / "good", folder / "newer", main, line, f"{line}\n")
    return folder


@pytest.fixture
def machine(tmp_path, dists):
    made = FreshRoot(tmp_path / "machine")
    shutil.copytree(dists, made.path / "tmp/dists")
    (made.path / "tmp/dists").chmod(0o777)
    (made.path / "tmp/dists/served").symlink_to("good")
    return made


def installed(machine, script, user):
    """Run the script there beside a backend; return what it said, and the runners registered."""
    served = {"DIST": str(machine.path / "tmp/dists/served"), "DEPLOYR_ONLINE_SECONDS": "600"}
    with LiveBackend(**served) as backend:
        code = backend.ask("POST", "/api/runners/codes", {}).json()["code"]
        done = machine.run(COMMON + script, backend.url, code, user=user)
        runners = backend.ask("GET", "/api/runners").json()["runners"]
    assert 0 == done.returncode, done.stdout
    assert code not in done.stdout
    return done.stdout, [(each["name"], each["status"]) for each in runners]


@pytest.mark.slow
def test_user_of_a_hosting_account(machine):
    """cron keeps the runner alive; a version that is not online goes back; nothing is left."""
    said, runners = installed(machine, AS_USER, "ada")

    lines = said.splitlines()
    assert [("web-1", "online")] == runners
    assert "untouched: " in lines
    supervise = "/home/ada/.local/share/deployr/supervise"
    assert f"* * * * * {supervise} >/dev/null 2>&1 # deployr-runner" in lines
    for line in ("agents: 1", "agents after a crash: 1", "agents without a supervisor: 0", "modes: 700 600 600 ", "broken: 1",
                 "agents after going back: 1", "agents after a dry run: 1", "agents at the end: 0", "left: www"):  # fmt: skip
        assert line in lines, said
    assert 2 == lines.count("5 4 * * * /bin/true")
    assert "the version before is back and online" in said
    assert "The apps stay: /home/ada/www" in said


@pytest.mark.slow
def test_root_of_a_server(machine):
    """A unit starts the runner as its user; what useradd keeps for itself is all that is left."""
    shutil.copy2(SYSTEMCTL, machine.path / "local/bin/systemctl")
    before = machine.files()
    users = (machine.path / "etc/passwd").read_text()

    said, runners = installed(machine, AS_ROOT, "root")

    lines = said.splitlines()
    assert [("web-1", "online")] == runners
    for line in ("who: deployr", "deployr-build", "untouched: ", "agents of the newer: 1",
                 "versions: 2", "agents at the end: 0", "enable --quiet deployr-runner"):  # fmt: skip
        assert line in lines, said
    copies = {f"etc/{name}-" for name in ("group", "gshadow", "passwd", "shadow")}
    assert machine.files() - before <= copies | {"etc/.pwd.lock"}
    assert set() == before - machine.files()
    assert users == (machine.path / "etc/passwd").read_text()
