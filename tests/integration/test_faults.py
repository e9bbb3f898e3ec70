"""A real runner and a real backend with a network between them that loses, repeats and stalls."""

import json
import random
import re

import pytest

from tests.support.faults import Fault, FaultProxy
from tools.demo.processes import pauses
from tools.demo.system import EXAMPLES, DeployrSystem

QUICK = {
    "DEPLOYR_HEARTBEAT_SECONDS": "0.3",
    "DEPLOYR_LEASE_SECONDS": "60",
    "DEPLOYR_POLL_MIN_SECONDS": "0.1",
    "DEPLOYR_STAMP_SECONDS": "1",
}
LINES = 300
BUILD = f"""
build:
  commands:
    - mkdir -p public; sed "s/@COMMIT@/$DEPLOYR_COMMIT/" src/index.html > public/index.html
    - for n in $(seq {LINES}); do echo "line $n of $DEPLOYR_JOB"; done; sleep 0.4
  output: public
"""


class Site:
    """The example site, deployed by a runner that reaches its backend through the proxy only."""

    def __init__(self, system: DeployrSystem) -> None:
        self.system = system
        system.create_project(EXAMPLES / "static")
        (system.repo / "deploy.yaml").write_text("project: {name: static}\n" + BUILD)
        system.start_backend()
        self.proxy = FaultProxy(system.url)

    def deploy(self, name: str) -> None:
        """Push a commit and check that it is live and its log whole, in order, nothing twice."""
        (self.system.repo / "name").write_text(name)
        commit = self.system.commit(name)
        done = self.system.run("deployr", "--json", "push", "--create", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        job = json.loads(done.stdout)
        assert ("completed", commit) == (job["status"], job["commit"])
        assert commit in (self.system.path / "current/index.html").read_text()
        log = self.system.run("deployr", "logs", str(job["id"])).stdout
        found = re.findall(rf"^\S+ line (\d+) of {job['id']}$", log, re.MULTILINE)
        assert [str(number) for number in range(1, LINES + 1)] == found
        assert 1 == log.count("==> activate")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("faults")
    with DeployrSystem(root, settings=QUICK) as system:
        made = Site(system)
        with made.proxy:
            system.register_runner(made.proxy.url)
            made.deploy("first")
            yield made


@pytest.fixture
def faults(site):
    """The proxy, well again after the test."""
    yield site.proxy
    site.proxy.choose = lambda *_: None


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("hit", [0, 2], ids=["claim", "later"])
def test_fault_at_any_post_changes_nothing(site, faults, fault, hit):
    """The same post is hit twice in a row."""
    posts = iter(range(10**6))
    before = len(faults.happened())
    faults.choose = lambda _, method, path: (
        fault if method == "POST" and next(posts) in {hit, hit + 1} else None
    )

    site.deploy(f"{fault} at {hit}")

    # The job may be over before the runner has heard so, and asks again.
    any(len(faults.happened()) == before + 2 for _ in pauses(60))
    assert [fault, fault] == faults.happened()[before:]


def test_storm_of_faults_changes_nothing(site, faults):
    """Almost every second request meets one of them."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    faults.choose = lambda *_: dice.choice([*Fault] + [None] * 12)

    for number in range(3):
        site.deploy(f"storm {seed} {number}")

    assert len(faults.happened()) > 5


@pytest.mark.slow
def test_backend_that_is_silent_for_half_a_minute(site, faults):
    """Longer than the runner waits for an answer."""
    stalls = iter([Fault.STALL])
    faults.stall_seconds = 31
    faults.choose = lambda _, method, path: next(stalls, None) if method == "POST" else None

    site.deploy("stall")

    faults.stall_seconds = 1
    assert Fault.STALL in faults.happened()
