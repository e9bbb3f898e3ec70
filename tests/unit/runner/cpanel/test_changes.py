"""Accounts that change under way: what was known of them, and the way to them."""

from runner.hosts.host import Probe
from runner.hosts.probe import ProbeCache

HOOKED = """project: {target: cpanel}
deploy: {hooks: {before_activate: ["echo of the account >hooked"]}}
"""


def test_a_shell_that_the_hoster_gave_since_is_used(shop):
    entry = shop.entry()
    cache = ProbeCache(shop.places.hosts / "hoster.json", f"{entry.address} {entry.host_key}")
    cache.save(Probe(shell="none", home=str(shop.server.home), symlinks=True))
    shop.commit({"deploy.yaml": HOOKED})

    job = shop.push()

    assert "completed" == job.status, job.text
    assert "of the account\n" == shop.served("hooked")


def test_reason_is_not_lost_with_the_connection(shop):
    """The hook ends the SSH session in which it runs."""
    sick = """project: {target: cpanel}
deploy:
  health_check: {url: "http://127.0.0.1:9/", attempts: 1}
  hooks: {on_failure: ["kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)"]}
"""
    shop.commit({"deploy.yaml": sick})

    job = shop.push()

    assert "health_check_failed" == job.reason, job.text
    assert "on_failure: hoster: the connection broke" in job.text
    assert not (shop.root / ".deployr/held").exists()
