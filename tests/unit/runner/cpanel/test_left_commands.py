"""Commands that a runner which died left running at a host, when the next deployment takes over."""

import threading
import uuid
from contextlib import closing

import pytest

from runner.config import instance_id
from runner.hosts.opened import open_host
from runner.targets.host_lock import Owner


@pytest.mark.parametrize("shape", ["full", "jailed"])
def test_next_deployment_ends_them_first(account, shape, eventually):
    site = account(shape)
    dead, other = str(uuid.uuid4()), str(uuid.uuid4())
    ended = []

    def run(mark):
        with closing(open_host(site.places, "hoster", mark)) as host:
            ended.append((mark, host.run("sleep 300 & sleep 299", sink=lambda _: None)))

    threads = [threading.Thread(target=run, args=(mark,), daemon=True) for mark in (dead, other)]
    for thread in threads:
        thread.start()
    eventually(lambda: 4 == len(sleeping(site)))
    owner = Owner(runner=instance_id(site.places), job=99, mark=dead)
    site.put(site.root / ".deployr/held/owner", owner.to_bytes().decode())
    site.commit({"index.html": "one"})

    assert "completed" == (job := site.push()).status, job.text

    threads[0].join(60)
    assert [dead] == [mark for mark, code in ended if code]
    assert 2 == len(sleeping(site))
    with closing(open_host(site.places, "hoster", "")) as host:
        host.end(other)
    threads[1].join(60)
    assert [] == sleeping(site)


def sleeping(site):
    return [
        one for one in site.server.commands() if one.startswith("sleep 29") or "sleep 300" == one
    ]
