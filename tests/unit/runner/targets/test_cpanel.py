"""A deploy root in an account, before and under its lock."""

import pytest

from runner.allowlist import Allow
from runner.hosts.local import LocalHost
from runner.stop import StopFlag
from runner.targets import Conduct, host_lock
from runner.targets.cpanel import CpanelTarget
from runner.targets.host_lock import Claimant, HostLock, Owner
from tests.unit.runner.targets.disk_files import DiskFiles


@pytest.fixture
def target(tmp_path):
    entry = Allow(
        project="shop",
        repo="https://git.example.com/shop.git",
        branches=("main",),
        path=f"{tmp_path}/app",
        docroot=f"{tmp_path}/html",
    )
    with StopFlag() as stop:
        target = CpanelTarget(
            LocalHost("mark", tmp_path / "kept"),
            entry,
            claimant=Claimant(Owner(runner="here", job=1), lambda _: False, lambda _: None),
            work=tmp_path / "work",
            conduct=Conduct(verify=False, say=print, stop=stop),
        )
        target._php = "/opt/php/8.3"
        yield target
        target.unlock()


def test_php_of_the_app_is_put_under_the_lock(target, tmp_path):
    target.prepare()
    assert target.lock()

    assert "/opt/php/8.3" == str((tmp_path / "app/.deployr/bin/php").readlink())


def test_php_of_a_deployment_at_work_is_left_alone(target, tmp_path, monkeypatch):
    monkeypatch.setattr(host_lock, "REFRESH_SECONDS", 0.1)
    monkeypatch.setattr(host_lock, "LOOK_SECONDS", 0.1)
    target.prepare()
    claimant = Claimant(Owner(runner="elsewhere", job=7), lambda _: False, lambda _: None)
    other = HostLock(DiskFiles(), f"{tmp_path}/app/.deployr/held", claimant)
    assert other.take()

    assert not target.lock()
    assert not (tmp_path / "app/.deployr/bin").exists()
    other.release()
