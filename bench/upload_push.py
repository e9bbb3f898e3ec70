"""How long `deployr push` to a hosting account takes beside Capistrano over the same SSH server.

`python -m bench.upload_push [static|laravel ...]`: the apps and the rounds of `bench.deploy`, from
the start of each command to its exit; `target: cpanel` ships the release by SSH.
"""

import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.deploy import CAPISTRANO_RATIO, PHASES, measure
from bench.deploy_apps import APPS, BenchApp, create_project
from bench.deploy_ours import PUSH_PART, STEP, Push
from bench.deploy_peers import Capistrano, Contestant, Seconds
from bench.deploy_sshd import Sshd
from bench.figures import ROUNDS, tell_at_most
from deployr.states import Target
from tools.demo.system import DeployrSystem

_HOST = "bench"


class HostedPush(Push):
    """`deployr push` to a deploy root that the runner reaches by SSH."""

    def __init__(self, app: BenchApp, system: DeployrSystem, sshd: Sshd) -> None:
        """Register the host, then start what has to be there."""
        self._docroot = system.root / "server" / "public_html"
        self._remembered = system.root / "server" / "state" / "hosts" / _HOST
        reach = ("--host", sshd.host, "--port", str(sshd.port), "--user", sshd.user)
        system.run("deployr-runner", "target", "add", _HOST, *reach, "--key", sshd.key, "--yes")
        super().__init__(app, system, "--host", _HOST, "--docroot", str(self._docroot))

    def reset(self) -> None:
        """See Contestant."""
        super().reset()
        shutil.rmtree(self._remembered, ignore_errors=True)
        self._docroot.unlink(missing_ok=True)


def main() -> None:
    """Measure the named apps, all by default."""
    for name in sys.argv[1:] or APPS:
        with (
            tempfile.TemporaryDirectory(prefix="deployr-bench-") as root,
            DeployrSystem(Path(root)) as system,
        ):
            app = APPS[name]
            create_project(app, system, Target.CPANEL)
            sshd = Sshd(system)
            field: list[Contestant] = [HostedPush(app, system, sshd), Capistrano(app, system, sshd)]
            rounds = measure(system, app, field, ROUNDS)
        for phase in PHASES:
            tell(name, phase, [each[phase] for each in rounds])


def tell(app: str, phase: str, rounds: Sequence[Seconds]) -> None:
    """Print the medians of one phase, and the median of the rounds' ratios."""
    print(f"{app} to a hosting account, {phase}, medians of {len(rounds)}:")
    for name in rounds[0]:
        indent = "    " if name.startswith((PUSH_PART, STEP)) else "  "
        print(f"{indent}{name:<16}{statistics.median(each[name] for each in rounds):8.3f} s")
    ratio = statistics.median(each["deployr push"] / each["capistrano"] for each in rounds)
    tell_at_most(f"upload-push-{app}-{phase}", ratio, CAPISTRANO_RATIO)


if __name__ == "__main__":
    main()
