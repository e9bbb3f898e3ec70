"""kill -9 of the runner in the middle of a deployment to a hosting account.

The next start tells the backend what is true of the host, the lock is taken over at once, and the
next deployment leaves nothing behind.
"""

import os
import subprocess
import sys
import time

import pytest

from runner.targets.host_lock import DEAD_SECONDS
from tests.support.account_shop import Shop
from tests.support.account_site import AccountSite
from tests.support.account_witness import Witness, leftovers
from tests.support.server import ROOT
from tests.support.sshd import Sshd
from tests.unit.runner.fake_backend import FakeBackend

SHAPES = ("full", "sftp")
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module", params=SHAPES)
def shop(request, tmp_path_factory):
    backend = FakeBackend()
    try:
        with Sshd(request.param) as server:
            yield Shop(AccountSite(tmp_path_factory.mktemp("shop"), backend, server))
    finally:
        backend.close()


def start(shop, die_at):
    """Start a runner that dies at a place (see killed_runner.py)."""
    places = shop.site.places
    env = {"PATH": os.environ["PATH"], "HOME": str(places.state)}
    env |= {"DEPLOYR_RUNNER_CONFIG": str(places.config), "DEPLOYR_RUNNER_STATE": str(places.state)}
    with (places.state / "runner.log").open("ab") as log:
        argv = [sys.executable, "-m", "tests.support.killed_runner", die_at, "run", "--once"]
        return subprocess.Popen(argv, cwd=ROOT, env=env, stdout=log, stderr=log)


def killed(shop, die_at):
    """Let a deployment kill itself; return its job as the backend hears of it from the next."""
    shop.commit()
    job = shop.site.backend.add(shop.site.spec())
    ended = start(shop, die_at).wait(PATIENCE_SECONDS)
    assert -9 == ended, (shop.site.places.state / "runner.log").read_text()
    return job


def next_is_clean(shop, job, witness):
    """Deploy again: that needs no help, and does not wait for a dead owner."""
    begun = time.monotonic()
    shop.deploy()
    assert time.monotonic() - begun < DEAD_SECONDS
    assert shop.version == witness.read()
    assert ("failed", "runner_crashed") == (job.status, job.reason)
    return job.report


@pytest.mark.parametrize("place", ["step 6", "switch noted"])
def test_killed_before_the_switch(shop, place):
    before = shop.version
    with Witness(shop.site.docroot) as witness:
        job = killed(shop, place)
        assert (shop.site.root / ".deployr/held").exists()
        report = next_is_clean(shop, job, witness)
        assert witness.has_seen(shop.version)

    assert [] == witness.torn
    assert [before, before + 2] == witness.seen
    assert "is not live" in report.detail or "nothing went live" in report.detail


def test_killed_while_it_sends(shop):
    big = shop.site.repo / "big.bin"
    big.write_bytes(os.urandom(6_000_000))
    meta = shop.site.root / ".deployr"
    with Witness(shop.site.docroot) as witness:
        job = killed(shop, f"file {meta}/incoming-*")
        assert [] != leftovers(shop.site)
        big.unlink()
        report = next_is_clean(shop, job, witness)

    assert [] == witness.torn
    assert "nothing went live" in report.detail


def test_killed_just_after_the_switch(shop):
    with Witness(shop.site.docroot) as witness:
        job = killed(shop, f"link {shop.site.current}")
        now = shop.site.current.readlink().name
        report = next_is_clean(shop, job, witness)

    assert [] == witness.torn
    assert f"its release {now} is live" in report.detail
    assert now == report.release.name


def test_what_a_kill_leaves_in_between_is_cleared_away(shop):
    """A lock that was not put in its place yet, and files that were not."""
    names = [".deployr/held.0123/owner", ".deployr/held.old-0123/owner", ".deployr/incoming-1/tree"]
    by_shell = ["releases.jsonl.new-0123", "../current.new-0123", f"../shared/.env.new-{'0' * 32}"]
    by_sftp = [".deployr-new-0123"]
    is_sftp = shop.site.server.shape == "sftp"
    names += [f".deployr/{name}" for name in (by_sftp if is_sftp else by_shell)]
    for name in names:
        shop.site.put(shop.site.root / name, "{}")

    shop.deploy()
