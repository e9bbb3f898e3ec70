"""Restarts after a switch: what is called, in which order, and what is said when it fails.

No systemd runs where tests run: a script in its place writes down what it is asked.
"""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from deployr.sections import Restart
from runner import restarts as restarts_module
from runner.errors import JobFailedError
from runner.logstream import JobLog
from runner.redact import Redactor
from runner.restarts import call_for, restart_each
from runner.shell import Shell
from runner.stop import StopFlag
from tools.demo.ports import free_port

ROOT = Path("/srv/www/shop")
UNIT = Restart(systemd="shop@1")


def called(restart: Restart, root: Path = ROOT, *, is_root: bool = False) -> str:
    return " ".join(call_for(restart, root, is_root=is_root).argv)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"systemd": "shop@1"}, "sudo -n systemctl restart shop@1"),
        ({"systemd": "php8.2-fpm", "reload": True}, "sudo -n systemctl reload php8.2-fpm"),
        ({"supervisor": "shop:*"}, "supervisorctl restart shop:*"),
        ({"supervisor": "shop", "reload": True}, "supervisorctl signal HUP shop"),
        ({"pm2": "shop"}, "pm2 restart shop"),
        ({"pm2": "shop", "reload": True}, "pm2 reload shop"),
    ],
)
def test_each_kind_has_its_command(entry, expected):
    assert expected == called(Restart.model_validate(entry))


def test_root_needs_no_sudo():
    assert "systemctl restart shop@1" == called(UNIT, is_root=True)


@pytest.mark.parametrize(("reload", "verb"), [(True, "startOrReload"), (False, "startOrRestart")])
def test_pm2_starts_what_the_ecosystem_file_describes(tmp_path, reload, verb):
    file = tmp_path / "shared" / "ecosystem.config.js"
    file.parent.mkdir()
    file.touch()

    expected = f"pm2 {verb} {file} --only shop --update-env"
    assert expected == called(Restart(pm2="shop", reload=reload), tmp_path)


def test_advice_for_missing_right_names_option_and_sudoers_line():
    """The words are those of the real sudo."""
    call = call_for(UNIT, ROOT, is_root=False)
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    refused = subprocess.run(
        call.argv,
        user="nobody" if os.geteuid() == 0 else None,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    advice = call.advice(refused.stderr, "deployr") or ""
    assert 1 == refused.returncode
    assert "`install-runner.sh --allow-restart shop@1` as root" in advice
    assert "`deployr ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop@1`" in advice


@pytest.mark.parametrize(
    ("entry", "said", "expected"),
    [
        (
            {"pm2": "shop"},
            "[PM2][ERROR] Process or Namespace shop not found",
            "pm2 of deployr knows no shop: describe it in /srv/www/shop/shared/ecosystem.config.js",
        ),
        (
            {"supervisor": "shop"},
            "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: xmlrpc.py",
            "deployr may not speak to supervisor: set `chmod=0770` and `chown=root:deployr` under",
        ),
    ],
)
def test_advice_for_pm2_and_supervisor_says_what_to_set_up(entry, said, expected):
    """They said these words when they were tried."""
    call = call_for(Restart.model_validate(entry), ROOT, is_root=False)

    assert (call.advice(said, "deployr") or "").startswith(expected)


def test_other_failures_have_no_advice():
    assert call_for(UNIT, ROOT, is_root=False).advice("Unit shop@1.service not found.", "x") is None


class Server:
    """Restarts on a machine whose systemctl only writes down."""

    def __init__(self, root: Path, stop: StopFlag) -> None:
        self.root = root
        self.written = bytearray()
        self._log = JobLog(Redactor(), self.written.extend, stamp=str)
        self._stop = stop

    def install(self, script: str) -> None:
        path = self.root / "bin" / "systemctl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def restart(self, *entries: Restart) -> None:
        shell = Shell(self._stop, "mark-of-restarts")
        restart_each(entries, self.root, shell=shell, stop=self._stop, log=self._log)

    @property
    def log(self) -> str:
        return self.written.decode()


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    # The suite may run as any user: sudo would ask.
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with StopFlag() as stop:
        yield Server(tmp_path, stop)


def test_restarts_run_in_order_in_the_deploy_root_and_unmarked(server):
    server.install('echo "$@ $PWD ${DEPLOYR_MARK-unmarked}${CI-}"')

    server.restart(UNIT, Restart(systemd="shop@2", reload=True))

    expected = (
        "$ systemctl restart shop@1\nrestart shop@1 {0} unmarked\n"
        "$ systemctl reload shop@2\nreload shop@2 {0} unmarked\n"
    )
    assert expected.format(server.root) == server.log


def test_first_failure_ends_it(server):
    server.install("echo Unit shop@1.service not found. >&2; exit 5")

    with pytest.raises(JobFailedError) as failed:
        server.restart(UNIT, UNIT)

    assert (5, "`systemctl restart shop@1` ended with exit code 5") == (
        failed.value.exit_code,
        failed.value.detail,
    )
    assert 1 == server.log.count("not found")


def test_missing_program_is_said(server):
    with pytest.raises(JobFailedError, match="No such file or directory: 'supervisorctl'"):
        server.restart(Restart(supervisor="shop"))


def test_next_restart_waits_for_the_port(server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server.install("exit 0")
        server.restart(UNIT.model_copy(update={"port": taken.getsockname()[1]}), UNIT)
    assert 2 == server.log.count("$ systemctl")


def test_port_that_stays_closed_fails_before_the_next_restart(server, monkeypatch):
    monkeypatch.setattr(restarts_module, "PORT_SECONDS", 0.3)
    port = free_port()
    server.install("exit 0")

    with pytest.raises(JobFailedError, match=rf"nothing takes connections on 127.0.0.1:{port}"):
        server.restart(UNIT.model_copy(update={"port": port}), UNIT)
    assert 1 == server.log.count("$ systemctl")
