"""Accounts that are not any more what they were when they were looked at."""

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
