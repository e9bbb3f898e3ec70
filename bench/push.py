"""How long `deployr push` takes beside a shell script that does the same work.

`python -m bench.push [APP ...]`: interleaved rounds, one commit each; the script's deployment and
ours build the same commit with the same commands. A runner that polls hears of a job after half a
poll pause on average; that wait counts as part of the floor, so the ratio tells what Deployr's own
work costs: the CLI's start, queue, claim, report and log.
"""

import functools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deployr.manifest import Manifest
from tools.demo.apps import APPS, find_tools, serve, write_secrets
from tools.demo.system import EXAMPLES, DeployrSystem

ROUNDS = 5
TARGETS = {"static": 2.0, "laravel": 2.0, "nextjs": 1.25}
MEAN_WAIT_SECONDS = 0.28
"""Half of what the backend asks a lone runner to pause between two polls (0.5 to 0.6 s)."""

# What a careful person would write by hand: kept mirror, archive, build, switch by rename.
FLOOR = """
set -eu
[ -d "$ROOT/mirror" ] || git clone --quiet --mirror "$ORIGIN" "$ROOT/mirror"
git -C "$ROOT/mirror" fetch --quiet --prune
work=$(mktemp -d "$ROOT/work.XXXXXX")
git -C "$ROOT/mirror" archive "$COMMIT" | tar -x -C "$work"
cd "$work"
release="$ROOT/releases/$COMMIT"
mkdir -p "$ROOT/releases"
%s
ln -s "releases/$COMMIT" "$ROOT/current.new"
mv -T "$ROOT/current.new" "$ROOT/current"
"""

BUILDS = {
    "static": """
DEPLOYR_COMMIT=$COMMIT sh -euc "$BUILD_COMMANDS"
mv public "$release"
""",
    "nextjs": """
npm ci --no-audit --no-fund >/dev/null 2>&1
DEPLOYR_COMMIT=$COMMIT NEXT_TELEMETRY_DISABLED=1 npm run build >/dev/null 2>&1
cp -a .next/static .next/standalone/.next/static
[ ! -d public ] || cp -a public .next/standalone/public
mv .next/standalone "$release"
""",
    "laravel": """
composer install --quiet --no-dev --no-interaction --prefer-dist --optimize-autoloader
mkdir -p "$ROOT/shared"
[ -d "$ROOT/shared/storage" ] || cp -a storage "$ROOT/shared/storage"
rm -rf storage
mv "$work" "$release"
cd "$release"
ln -s "$ROOT/shared/storage" storage
ln -s "$ENV_FILE" .env
php artisan storage:link --quiet
php artisan migrate --force --quiet
php artisan optimize --quiet
""",
}


def main() -> None:
    """Measure the named apps, all by default."""
    for app in sys.argv[1:] or APPS:
        if problem := find_tools(app):
            sys.exit(problem)
        with (
            tempfile.TemporaryDirectory(prefix="deployr-bench-") as root,
            DeployrSystem(Path(root)) as system,
        ):
            measure(app, system)


def measure(app: str, system: DeployrSystem) -> None:
    """Run the rounds of one app and print its figures."""
    system.create_project(EXAMPLES / app)
    system.start_backend()
    write_secrets(app, system)
    system.register_runner()
    serve(app, system)
    first = seconds_of(functools.partial(push, system, "--create"))
    rounds = list(interleaved(app, system))
    ours, jobs, floors = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(mine / (floor + MEAN_WAIT_SECONDS) for mine, _, floor in rounds)
    print(f"{app}: first push {first:.2f} s; redeploy, median of {ROUNDS}: push {ours:.2f} s,")
    print(f"  claimed to completed {jobs:.2f} s, shell script {floors:.2f} s")
    verdict = "ok" if ratio <= TARGETS[app] else "short"
    print(f"BENCH push-{app} {ratio:.2f} target <={TARGETS[app]:g} {verdict}", flush=True)


def interleaved(app: str, system: DeployrSystem) -> Iterator[tuple[float, float, float]]:
    """Yield (push, claimed to completed, shell script) in seconds, one commit a round."""
    for number in range(ROUNDS):
        (system.repo / "ROUND").write_text(f"{number}\n")
        commit = system.commit(f"Round {number}")
        pushed = seconds_of(functools.partial(push, system))
        job = json.loads(system.run("deployr", "--json", "status").stdout)
        scripted = seconds_of(functools.partial(floor, app, system, commit))
        yield pushed, job["seconds"], scripted


def push(system: DeployrSystem, *options: str) -> None:
    """Deploy with the CLI, from its start to its exit."""
    system.run("deployr", "push", *options)


def floor(app: str, system: DeployrSystem, commit: str) -> None:
    """Deploy with the shell script."""
    root = system.root / "floor"
    root.mkdir(exist_ok=True)
    env_file = system.root / "server/config/env" / app / "production.env"
    env = system.env | {
        "ROOT": str(root),
        "ORIGIN": (system.root / f"{app}.git").as_uri(),
        "COMMIT": commit,
        "ENV_FILE": str(env_file),
        "BUILD_COMMANDS": build_commands(system.repo),
        "COMPOSER_ALLOW_SUPERUSER": "1",
    }
    subprocess.run(["/bin/sh", "-c", FLOOR % BUILDS[app]], env=env, check=True)


def build_commands(repo: Path) -> str:
    """Return the build of the app's own deploy.yaml as one shell text."""
    manifest = Manifest.parse((repo / "deploy.yaml").read_text())
    return "\n".join(manifest.build.commands or ())


def seconds_of(act: Callable[[], None]) -> float:
    """Return how long `act()` takes."""
    start = time.monotonic()
    act()
    return time.monotonic() - start


if __name__ == "__main__":
    main()
