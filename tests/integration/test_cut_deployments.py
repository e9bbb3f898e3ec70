"""The connection to a hosting account cut at any moment of a deployment, while somebody looks.

Every look shows the whole old or the whole new release; the deployment goes on, or fails with a
sentence that says so; and the next one needs no help and leaves nothing behind.
"""

import contextlib
import random
import re
import threading
from collections import Counter

import pytest

from tests.support.account_shop import Shop
from tests.support.account_site import AccountSite
from tests.support.account_witness import Witness
from tests.support.sshd import Sshd
from tests.unit.runner.fake_backend import FakeBackend

SHAPES = ("full", "jailed", "sftp", "password")
BROKE = re.compile(r"the connection (is|was|broke)|broke off the login|can't be reached")


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """The shop of each shape, made when it is asked for."""
    made = {}
    with contextlib.ExitStack() as opened:

        def shop(shape):
            if shape not in made:
                server, backend = opened.enter_context(Sshd(shape)), FakeBackend()
                opened.callback(backend.close)
                site = AccountSite(tmp_path_factory.mktemp(shape), backend, server)
                made[shape] = Shop(site)
            return made[shape]

        yield shop


def survive(shop: Shop, *moments: float) -> str:
    """Cut the connection so many seconds after the beginning; tell how the deployment ended."""
    before = shop.version
    live = shop.site.current.readlink()
    with Witness(shop.site.docroot) as witness:
        timers = [threading.Timer(seconds, shop.site.server.cut) for seconds in moments]
        for timer in timers:
            timer.start()
        job = shop.push()
        for timer in timers:
            timer.cancel()
            timer.join()
        if job.status == "failed":
            told_the_truth(shop, job, live)
        shop.deploy()
        assert witness.has_seen(shop.version)
    assert [] == witness.torn
    assert sorted(set(witness.seen)) == witness.seen, "an older release came back"
    assert {before, before + 2} <= set(witness.seen) <= {before, before + 1, before + 2}
    return job.status


def told_the_truth(shop, job, live):
    """A failure says what broke and whether the release is live, in one line."""
    detail = job.report.detail
    assert "preflight_failed" == job.reason, detail
    assert BROKE.search(detail), detail
    assert "\n" not in detail, detail
    says_live = job.report.release is not None and job.report.release.state != "bad"
    assert says_live == (shop.site.current.readlink() != live), detail


def some_moments(shop: Shop, chance: random.Random, times: int) -> list[float]:
    return [chance.random() * shop.seconds for _ in range(times)]


@pytest.mark.parametrize("shape", SHAPES)
def test_connection_cut_at_random_moments(shops, shape):
    shop, chance = shops(shape), random.Random(SHAPES.index(shape))

    for times in (1, 2) if shape in {"full", "sftp"} else (2,):
        survive(shop, *some_moments(shop, chance, times))


@pytest.mark.soak
def test_connection_cut_at_many_random_moments(shops, soak):
    chance = random.Random(soak.seed)
    times = soak.examples(100)
    ends: Counter[str] = Counter()
    for number in range(times):
        shape = SHAPES[number % len(SHAPES)]
        cuts = chance.choice((1, 1, 2, 4))
        end = survive(shops(shape), *some_moments(shops(shape), chance, cuts))
        ends[f"{shape} {end}"] += 1
    soak.tell(f"{times} deployments with 1 to 4 cuts: {dict(sorted(ends.items()))}")
