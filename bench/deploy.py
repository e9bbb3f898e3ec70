"""How long a deployment takes beside what people use for it.

`python -m bench.deploy [static|laravel ...]`: on one machine, interleaved, each round on a new
server (first deployment) and once more after a commit of one file (redeploy): `deployr push`, our
engine alone (claimed to completed, of the same push), a shell script with a kept mirror and
`git archive`, the same script over one ssh, and Capistrano over ssh. Nobody builds: dependencies
are in git. All share the same directories, keep five releases and, for Laravel, run the same
artisan commands. Each deployment is checked.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.deploy_apps import APPS, VERSION_FILE, BenchApp, create_project
from bench.deploy_ours import PUSH_PART, STEP, Push
from bench.deploy_peers import Capistrano, Contestant, Script, Seconds, check
from bench.deploy_sshd import Sshd
from bench.figures import ROUNDS, tell_at_most
from tools.demo.system import DeployrSystem

PHASES = ("first", "redeploy")
SCRIPT_RATIO = 1.5
SCRIPT_EXTRA_SECONDS = 0.15
CAPISTRANO_RATIO = 0.5

Round = dict[str, Seconds]
"""By phase."""


def main() -> None:
    """Measure the named apps, all by default."""
    for name in sys.argv[1:] or APPS:
        with (
            tempfile.TemporaryDirectory(prefix="deployr-bench-") as root,
            DeployrSystem(Path(root)) as system,
        ):
            app = APPS[name]
            create_project(app, system)
            rounds = measure(system, app, contestants(app, system), ROUNDS)
        for phase in PHASES:
            tell(name, phase, [each[phase] for each in rounds])


def contestants(app: BenchApp, system: DeployrSystem) -> list[Contestant]:
    """Return all that deploy, ready to start."""
    sshd = Sshd(system)
    return [
        Push(app, system),
        Script("script", app, system, ["sh"]),
        Script("script over ssh", app, system, sshd.shell),
        Capistrano(app, system, sshd),
    ]


def measure(
    system: DeployrSystem, app: BenchApp, field: Sequence[Contestant], rounds: int
) -> list[Round]:
    """Run the rounds, and one before them that warms up."""
    return [one_round(system, app, field, number) for number in range(rounds + 1)][1:]


def one_round(
    system: DeployrSystem, app: BenchApp, field: Sequence[Contestant], number: int
) -> Round:
    """Let each contestant deploy to a new server and then a commit of one file."""
    # Loose objects of the pushes before make every clone slower.
    system.run("git", "gc", "--quiet", cwd=system.root / f"{app.name}.git")
    for contestant in field:
        contestant.reset()
    found: Round = {}
    turn = number % len(field)
    for phase in PHASES:
        version = f"{number} {phase}\n"
        (system.repo / VERSION_FILE).write_text(version)
        commit = system.commit(f"Version {version}")
        found[phase] = {}
        for contestant in (*field[turn:], *field[:turn]):
            found[phase] |= contestant.deploy(commit)
            check(contestant, version)
    return found


def tell(app: str, phase: str, rounds: list[Seconds]) -> None:
    """Print the medians of one phase and the figures that have a target."""
    print(f"{app}, {phase}, medians of {len(rounds)}:")
    medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    for name, seconds in medians.items():
        if not name.startswith((PUSH_PART, STEP)):
            print(f"  {name:<16}{seconds:6.2f} s {seconds / medians['script']:6.2f} x script")
    for whole, part in (("push", PUSH_PART), ("engine", STEP)):
        parts = [
            f"{name.removeprefix(part)} {seconds:.3f}"
            for name, seconds in medians.items()
            if name.startswith(part)
        ]
        print(f"  of the {whole}: {', '.join(parts)}")
    tell_figures(app, phase, rounds)


def tell_figures(app: str, phase: str, rounds: list[Seconds]) -> None:
    """Print the figures that have a target; each is the median of the rounds' own."""
    figure = f"deploy-{app}-{phase}"
    engine = [(each["engine"], each["script"]) for each in rounds]
    if app == "laravel":
        extra = statistics.median(ours - theirs for ours, theirs in engine)
        tell_at_most(f"{figure}-engine-extra-seconds", extra, SCRIPT_EXTRA_SECONDS)
    else:
        ratio = statistics.median(ours / theirs for ours, theirs in engine)
        tell_at_most(f"{figure}-engine", ratio, SCRIPT_RATIO)
    ratio = statistics.median(each["deployr push"] / each["capistrano"] for each in rounds)
    tell_at_most(f"{figure}-push", ratio, CAPISTRANO_RATIO)


if __name__ == "__main__":
    main()
