"""The protocol as a state machine: users, two runners, a bad network and a clock that jumps.

After each step the database must tell what really happened: see tests/support/ledger.py.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.databases import KINDS
from tests.support.ledger import FINAL, OUTAGE
from tests.support.simnet import Fate
from tests.support.simrunner import CANCELLED
from tests.support.simworld import HARD_STOP, World

ENDS = [("completed", None), ("failed", "exit_nonzero"), ("failed", "timeout")]
FACTS = [{}, {}, {"timeout": 600.0}, {"activated": True}]
ENDINGS = [
    {"runners_come_back": True, "rare_looks": False},
    {"runners_come_back": False, "rare_looks": False},
    {"runners_come_back": False, "rare_looks": True},
]

fates = st.sampled_from([*[Fate.SERVED] * 5, *Fate])
"""Half of the requests meet no mishap, or else little would ever be done."""
FEW, MANY = 4, 8
picks = st.integers(0, 7)
sizes = st.integers(1, 900)
skips = st.sampled_from([0, 0, 100])


class ProtocolMachine(RuleBasedStateMachine):
    """Each rule is one thing that a user, a runner, the network or time does."""

    kind = KINDS[0]
    seen: Counter[str]
    """In how many runs each end and refusal came about."""
    world: World

    @initialize(places=st.lists(picks, min_size=2, max_size=5), healed=st.sampled_from(ENDINGS))
    def start(self, places, healed):
        self.world = World(self.kind)
        self.healed = healed
        for place in places:
            self.create(place, "deploy", Fate.SERVED)
        for nth in range(len(self.world.runners)):
            self.poll_and_claim(nth, Fate.SERVED, Fate.SERVED)

    @rule(place=picks, action=st.sampled_from(["deploy"] * 4 + ["plan"]), fate=fates)
    def create(self, place, action, fate):
        project_id, environment = _pick(self.world.places, place)
        body = {"project_id": project_id, "environment": environment, "action": action}
        self.world.create(body, fate)

    @rule(nth=picks, fate=fates)
    def create_again(self, nth, fate):
        self.world.create_again(nth, fate)

    @precondition(lambda self: self.world.jobs)
    @rule(nth=picks, deed=st.sampled_from(["look", "cancel", "retry"]), fate=fates)
    def see_to(self, nth, deed, fate):
        job = self.world.look(_pick(self.world.jobs, nth), f"?log_from={100 * nth}")
        if deed == "cancel":
            self.world.cancel(job["id"])
        if deed == "retry" and job["status"] in FINAL:
            fields = ("project_id", "environment", "action")
            self.world.create({name: job[name] for name in fields}, fate)

    @rule(nth=picks, fate=fates, claims=fates)
    def poll_and_claim(self, nth, fate, claims):
        runner = _pick(self.world.runners, nth)
        runner.poll(fate)
        for task in runner.unclaimed:
            runner.claim(task, claims)

    @precondition(lambda self: self._tasks)
    @rule(nth=picks, facts=st.sampled_from(FACTS), size=sizes, fate=fates)
    def beat(self, nth, facts, size, fate):
        runner, task = _pick(self._tasks, nth)
        if task.end is None:
            runner.beat(task, fate, **(facts if task.granted else {}))
            runner.write(task, size if task.granted else 0)

    @precondition(lambda self: self._tasks)
    @rule(nth=picks, size=sizes, skip=skips, end=st.sampled_from([None, *ENDS]), fate=fates)
    def tell(self, nth, size, skip, end, fate):
        """Send a piece of log, or the end, or the end with a piece of log."""
        runner, task = _pick(self._tasks, nth)
        if not task.granted:
            return
        if end and task.end is None:
            runner.decide(task, *(CANCELLED if task.cancel else end))
        elif task.end is None:
            runner.write(task, size)
        if end and size % 2:
            runner.send_end(task, fate)
        else:
            runner.send_log(task, size, fate, skip=skip, piggyback=size % 4 > 1)

    @precondition(lambda self: self._tasks)
    @rule(nth=picks, journal=st.booleans(), amnesia=st.booleans())
    def crash(self, nth, journal, amnesia):
        runner, _ = _pick(self._tasks, nth)
        runner.crash(journal=journal, amnesia=amnesia)

    @precondition(lambda self: len(self.world.jobs) > MANY and not self.world.runners[1].revoked)
    @rule()
    def revoke(self):
        self.world.revoke()

    @precondition(lambda self: len(self.world.jobs) > FEW and self.world.lent)
    @rule()
    def unshare(self):
        self.world.unshare()

    @precondition(lambda self: self.world.network.letters or self.world.network.answers)
    @rule(nth=picks, again=st.booleans())
    def arrive(self, nth, again):
        """Something that was under way for a while arrives: most of it in the wrong order."""
        network = self.world.network
        if network.letters and (nth % 2 or not network.answers):
            network.deliver(nth, again=again)
        else:
            network.hand_over(nth)

    @rule(seconds=st.sampled_from([1, 5, 20, 40, 120, 300, HARD_STOP]))
    def pass_time(self, seconds):
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([OUTAGE.seconds + 1, 400, 8000]))
    def backend_is_away(self, seconds):
        self.world.clock.move(seconds=seconds)

    @rule()
    def tick(self):
        self.world.tick()

    @invariant()
    def database_tells_the_truth(self):
        self.world.ledger.check(self.world.app)

    def teardown(self):
        if hasattr(self, "world"):
            self.world.settle(**self.healed)
            self.seen.update(["runs", *self.world.ledger.seen])

    @property
    def _tasks(self):
        return [(runner, task) for runner in self.world.runners for task in runner.tasks.values()]


_COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def _pick(things, nth):
    return things[nth % len(things)]


@pytest.fixture(params=KINDS)
def machine(request):
    return type("Machine", (ProtocolMachine,), {"kind": request.param, "seen": Counter()})


def test_no_mishap_makes_the_backend_lie(machine):
    # Not shrunk: that takes minutes. `make soak` does.
    few = settings(_COMMON, max_examples=20, stateful_step_count=40, phases=[Phase.generate])
    run_state_machine_as_test(machine, settings=settings(few, derandomize=True))


@pytest.mark.soak
def test_no_mishap_of_very_many_makes_the_backend_lie(machine, soak):
    many = settings(_COMMON, max_examples=soak.examples(500), stateful_step_count=80)
    run_state_machine_as_test(soak.seeded(machine), settings=many)
    soak.tell(dict(machine.seen.most_common()))
