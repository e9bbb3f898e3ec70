"""What the start of a backend's process costs beside the libraries that it stands on.

`python -m bench.imports`: fresh interpreters, in turn: one imports the backend, one also makes the
app as a web server does, one imports the bare libraries. CPU time and resident memory are each
process's own, less what an interpreter that imports nothing takes.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import ROUNDS, tell_at_most

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = "import flask, flask_sqlalchemy, pymysql, pydantic"
LAZY = ("alembic", "authlib", "boto3", "paramiko", "requests")
"""Not to be loaded before they are needed."""
BODIES = {
    "nothing": "pass",
    "libraries": LIBRARIES,
    "import": "import app",
    "start": f"import app; app.create_app(); assert not {{*{LAZY}}} & {{*sys.modules}}",
}
TARGET = 1.15
TURNS = 3

FIGURES = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
pages = int(open("/proc/self/statm").read().split()[1])
print(used.ru_utime + used.ru_stime, pages * resource.getpagesize() / 1e6)
"""


def main() -> None:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DEPLOYR_DATABASE_URL": "mysql://nobody@127.0.0.1/none"}
        settings |= {"DEPLOYR_SECRET_KEY": "x" * 40, "PYTHONPATH": str(ROOT)}
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in BODIES}
        for _ in range(ROUNDS * TURNS + 1):
            for name, body in BODIES.items():
                rounds[name].append(figures(body, folder, settings))
    middle = {
        name: [statistics.median(column) for column in zip(*each[1:], strict=True)]
        for name, each in rounds.items()
    }
    base = middle.pop("nothing")
    costs = {name: (each[0] - base[0], each[1] - base[1]) for name, each in middle.items()}
    for name, (seconds, megabytes) in costs.items():
        print(f"{name}: {seconds * 1000:.0f} ms of CPU, {megabytes:.1f} MB")
    seconds, megabytes = costs.pop("libraries")
    for name, cost in costs.items():
        tell_at_most(f"{name}-time", cost[0] / seconds, TARGET)
        tell_at_most(f"{name}-memory", cost[1] / megabytes, TARGET)


def figures(body: str, folder: str, settings: dict[str, str]) -> tuple[float, float]:
    """Return seconds of CPU and MB of a fresh interpreter that runs `body`."""
    # A server does not have the CLI's rich, which structlog would import.
    argv = [sys.executable, "-c", f"import sys; sys.modules['rich'] = None; {body}{FIGURES}"]
    done = subprocess.run(
        argv, cwd=folder, env=settings, check=True, capture_output=True, text=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


if __name__ == "__main__":
    main()
