"""What a build saves that finds what earlier deployments left.

`python -m bench.deploy_caches [nextjs|laravel ...]`: interleaved rounds, each a change of one file
that is built in two fresh checkouts. In one the recipe's commands run as they are; in the other the
runner gives them what it has kept: `node_modules`, `vendor`, `.next/cache`. The package managers'
own caches are warm for both; the runner's checks, links and copies count.
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import ROUNDS, seconds_of, tell_at_least
from deployr.states import Framework
from runner import environment
from runner.caches import Reuse, Store
from runner.recipes import RECIPES, App
from runner.recipes.recipe import Install
from runner.shell import Command, Shell
from runner.stop import StopFlag
from tools.demo.apps import find_tools
from tools.demo.system import EXAMPLES

CHANGED = {Framework.NEXTJS: "app/page.js", Framework.LARAVEL: "routes/web.php"}
TARGETS = {
    (Framework.NEXTJS, "install"): 10.0,
    (Framework.NEXTJS, "build"): 1.0,
    (Framework.LARAVEL, "install"): 4.0,
}
STORE_BYTES = 4 * 1024**3

# All of Debian's Laravel goes into vendor, as an app has it from Packagist; nothing is downloaded.
VENDORED = {
    "type": "package",
    "package": {
        "name": "laravel/framework",
        "version": "8.83.26",
        "dist": {"type": "path", "url": "/usr/share/php"},
        "transport-options": {"symlink": False},
        "include-path": [""],
        "autoload": {"files": ["Illuminate/autoload.php"]},
    },
}

Seconds = dict[str, tuple[float, float]]
"""By part of the build: without and with what was kept."""


def main() -> None:
    """Measure the named frameworks, both by default."""
    for name in sys.argv[1:] or CHANGED:
        framework = Framework(name)
        if problem := find_tools(framework):
            sys.exit(problem)
        with tempfile.TemporaryDirectory(prefix="deployr-bench-") as root, StopFlag() as stop:
            builder = Builder(framework, Path(root), Shell(stop, "bench"))
            builder.round(0)  # fills the store
            rounds = [builder.round(number) for number in range(1, ROUNDS + 1)]
        for part in rounds[0]:
            tell(framework, part, [each[part] for each in rounds])


@dataclass(frozen=True)
class Builder:
    """Builds one app as its recipe does."""

    framework: Framework
    root: Path
    shell: Shell

    def __post_init__(self) -> None:
        """Write the app, with its lockfile."""
        ignored = shutil.ignore_patterns("node_modules", ".next", "vendor", "packages")
        shutil.copytree(EXAMPLES / self.framework, self._source, ignore=ignored)
        if self.framework is Framework.LARAVEL:
            self._vendor_the_framework()

    @property
    def _source(self) -> Path:
        return self.root / "source"

    def round(self, number: int) -> Seconds:
        """Change a file and build it both ways, in turn the one and the other first."""
        with (self._source / CHANGED[self.framework]).open("a") as file:
            file.write(f"// {number}\n")
        halves = [False, True]
        found = {
            kept: self._build(number, kept=kept)
            for kept in (halves[::-1] if number % 2 else halves)
        }
        return {part: (found[False][part], found[True][part]) for part in found[True]}

    def _build(self, number: int, *, kept: bool) -> dict[str, float]:
        """Return the seconds of each part in a checkout of its own."""
        tree = self.root / f"work-{number}-{kept}" / "tree"
        shutil.copytree(self._source, tree, symlinks=True)
        reuse = self._reuse(tree, number)
        recipe = RECIPES[self.framework]
        seconds = {"install": 0.0, "build": 0.0}

        for command in recipe.build(App(tree=tree)):
            if isinstance(command, Install):
                seconds["install"] += seconds_of(self._install(command, reuse, kept=kept))
            else:
                seconds["build"] += seconds_of(self._command(command, reuse, kept=kept))
        shutil.rmtree(tree.parent)
        return seconds if recipe.carried else {"install": seconds["install"]}

    def _install(self, command: Install, reuse: Reuse, *, kept: bool) -> Callable[[], None]:
        def run() -> None:
            self._run(command.run, reuse)

        return (lambda: reuse.install(command, run)) if kept else run

    def _command(self, line: str, reuse: Reuse, *, kept: bool) -> Callable[[], None]:
        carried = RECIPES[self.framework].carried if kept else ()

        def run() -> None:
            for each in carried:
                reuse.carry_in(each)
            self._run(line, reuse)
            for each in carried:
                reuse.carry_out(each)

        return run

    def _run(self, line: str, reuse: Reuse) -> None:
        version = RECIPES[self.framework].version_variable
        env = {**reuse.env, **({version: reuse.tree.parent.name} if version else {})}
        said = bytearray()
        try:
            self.shell.run(Command.line(line, reuse.tree, env), said.extend)
        except Exception:
            print(said.decode(errors="replace"))
            raise

    def _reuse(self, tree: Path, number: int) -> Reuse:
        """Return what the build step of a job uses; what it has to say goes to the terminal."""

        def say(text: str) -> None:
            if number and "reused" not in text:
                print(f"  {text}")

        return Reuse(
            store=Store(root=self.root / "caches", limit=STORE_BYTES, shell=self.shell, say=say),
            project=self.framework,
            environment="production",
            tree=tree,
            env=environment.for_app(RECIPES[self.framework].env, {}, {}, {}),
            enabled=True,
        )

    def _vendor_the_framework(self) -> None:
        path = self._source / "composer.json"
        composer = json.loads(path.read_text())
        composer["repositories"] = [{"packagist.org": False}, VENDORED]
        path.write_text(json.dumps(composer))
        (self._source / "composer.lock").unlink()
        update = "composer update --no-install --no-interaction --quiet"
        self._run(update, self._reuse(self._source, 0))


def tell(framework: Framework, part: str, rounds: list[tuple[float, float]]) -> None:
    """Print the medians of one part and its figure."""
    plain, kept = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{framework}, {part}, medians of {len(rounds)}: {plain:.2f} s, reused {kept:.2f} s")
    ratio = statistics.median(without / with_it for without, with_it in rounds)
    tell_at_least(f"deploy-{framework}-{part}-reuse", ratio, TARGETS[framework, part])


if __name__ == "__main__":
    main()
