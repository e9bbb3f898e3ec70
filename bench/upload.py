"""How long it takes to get a release to a host beside what people use for it.

`python -m bench.upload [loopback] [30ms]`, as root: over loopback, and over a link whose packets
take 15 ms each way. Interleaved, each method with a connection of its own that counts: ours with
and without a shell on the host, `rsync -a`, and where a new release differs in ten files from the
one before, `rsync -a --link-dest`; for comparison `rsync -az`, `scp -r` and paramiko's `put`. What arrived is
compared with what was sent, which does not count. FILES and MEGABYTES make it smaller.
"""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.deploy_sshd import HOST, Sshd
from bench.figures import ROUNDS, seconds_of, tell_at_most
from bench.slow_link import FAR, SlowLink
from bench.upload_ours import by_sftp, by_shell
from bench.upload_peers import Contestant, Put, Rsync, Scp
from bench.upload_trees import change, digest, write_file, write_tree
from tools.demo.system import DeployrSystem

FILES = int(os.environ.get("FILES", "20000"))
"""Of the large tree; the small one has a tenth."""
MEGABYTES = int(os.environ.get("MEGABYTES", "300"))
CHANGED = 10
LOOPBACK, SLOW = "loopback", "30ms"
DELAY_MS = 15
PEER = "rsync"
LONG_SECONDS = 20.0
"""Who takes longer, and has no target, is measured once."""

Seconds = dict[str, float]
"""By name of the contestant; who was left out is missing."""
Targets = Mapping[str, float]
"""By name of the contestant: how much of the peer's time it may take."""

_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One link to a host, with all that send over it."""

    name: str
    ours: Sequence[Contestant]
    peer: Contestant
    packed: Contestant
    """The peer when it packs, as it may be told to."""
    others: Sequence[Contestant]
    """Who sends one file after the other."""

    def tell(self, case: str, rounds: Sequence[Seconds], targets: Targets) -> None:
        """Print the medians, and the figures that have a target: medians of the rounds' own."""
        print(f"{self.name}, {case}, medians of {len(rounds)}:")
        names = dict.fromkeys(name for each in rounds for name in each)
        for name in names:
            found = [each[name] for each in rounds if name in each]
            ratio = ratio_of(name, rounds)
            once = "" if len(found) == len(rounds) else f" ({len(found)} of {len(rounds)} rounds)"
            print(f"  {name:<14}{statistics.median(found):8.2f} s {ratio:7.2f} x rsync{once}")
        for name in names:
            if name in targets:
                figure = f"upload-{self.name}-{case}-{name}"
                tell_at_most(figure, ratio_of(name, rounds), targets[name])


def ratio_of(name: str, rounds: Sequence[Seconds]) -> float:
    """Return the median of a contestant's times beside the peer's in the same rounds."""
    return statistics.median(each[name] / each[PEER] for each in rounds if name in each)


def main() -> None:
    """Measure over the named links, by default over both."""
    with ExitStack() as stack:
        # Its end can't be left again, so it comes last.
        wanted = sys.argv[1:] or [LOOPBACK, SLOW]
        for name in sorted(wanted, key=(LOOPBACK, SLOW).index):
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deployr-bench-")))
            there = stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY))
            system = stack.enter_context(DeployrSystem(root))
            system.repo.mkdir()
            measure(reach(name, system, Path(there), stack), root / "sent")


def reach(name: str, system: DeployrSystem, there: Path, stack: ExitStack) -> Place:
    """Start a host at the other end of a link; trees go to memory there, whose disk is not measured."""
    if name == SLOW:
        link = stack.enter_context(SlowLink(DELAY_MS))
        link.enter()
        sshd = Sshd(system, FAR, ("ip", "netns", "exec", link.far))
    else:
        sshd = Sshd(system, HOST)
    return Place(
        name=name,
        ours=[by_shell(there, sshd), by_sftp(there, sshd)],
        peer=Rsync(there, sshd, system),
        packed=Rsync(there, sshd, system, "-az"),
        others=[Scp(there, sshd, system), Put(there, sshd)],
    )


def measure(place: Place, work: Path) -> None:
    """Measure all that is sent over one link."""
    is_slow = place.name == SLOW
    trees = {"shell": 1.0} | ({"sftp": 1.5} if is_slow else {})
    file = dict.fromkeys(("shell", "sftp"), 1.2 if is_slow else 1.7)
    small, large = FILES // 10, FILES
    for case, write, targets, others in (
        (f"tree{small}", partial(write_tree, files=small), trees, [place.packed, *place.others]),
        (f"tree{large}", partial(write_tree, files=large), trees, [place.packed]),
        (f"file{MEGABYTES}", partial(write_file, megabytes=MEGABYTES), file, place.others),
    ):
        write(work)
        field = [*place.ours, place.peer, *others]
        place.tell(case, whole_rounds(field, work, {*targets, PEER}), targets)
        if case == f"tree{large}":
            rounds = changed_rounds([*place.ours, place.peer], work)
            place.tell(f"changed{CHANGED}of{large}", rounds, {"shell": 0.35})
        shutil.rmtree(work)


def whole_rounds(field: Sequence[Contestant], tree: Path, counted: set[str]) -> list[Seconds]:
    """Let each send the tree to where nothing is; `counted` take part in every round."""
    wanted, rounds = digest(tree), []
    long: set[str] = set()
    for number in range(ROUNDS):
        found: Seconds = {}
        for each in turned(field, number):
            if each.name in long:
                continue
            found[each.name] = sent(each, tree, 0, wanted)
            if found[each.name] > LONG_SECONDS and each.name not in counted:
                long.add(each.name)
        rounds.append(found)
    return rounds


def changed_rounds(field: Sequence[Contestant], tree: Path) -> list[Seconds]:
    """Let each send a new release beside one that differs in a few files, again and again."""
    for each in field:
        sent(each, tree, 0, digest(tree))
    rounds = []
    for number in range(1, ROUNDS + 2):
        change(tree, CHANGED, number)
        wanted = digest(tree)
        rounds.append(
            {each.name: sent(each, tree, number, wanted) for each in turned(field, number)}
        )
    return rounds[1:]


def turned(field: Sequence[Contestant], number: int) -> Sequence[Contestant]:
    """Let another one begin."""
    turn = number % len(field)
    return [*field[turn:], *field[:turn]]


def sent(contestant: Contestant, tree: Path, number: int, wanted: str) -> float:
    """Send release `number`, with the one before it as the previous one; return the seconds.

    Raises RuntimeError when something else arrived.
    """
    releases = contestant.root / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    goal, previous = releases / str(number), releases / str(number - 1)
    shutil.rmtree(goal, ignore_errors=True)
    before = previous if number else None
    seconds = seconds_of(lambda: contestant.send(tree, goal, before))
    if digest(goal) != wanted:
        raise RuntimeError(f"{contestant.name} did not make {goal} what {tree} is")
    if before:
        shutil.rmtree(before)
    return seconds


if __name__ == "__main__":
    main()
