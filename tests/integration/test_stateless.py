"""A whole deployment through a backend of which each request meets a new process."""

import json
import re
import sys

import pytest

from tools.demo import processes
from tools.demo.system import CHECKOUT, EXAMPLES, START_SECONDS, DeployrSystem

LINES = 2000
BUILD = f"""
project: {{name: static}}
build:
  commands:
    - mkdir -p public; sed "s/@COMMIT@/$DEPLOYR_COMMIT/" src/index.html > public/index.html
    - for n in $(seq {LINES}); do echo "line $n of the build"; done; sleep 1
  output: public
"""


class ForkedSystem(DeployrSystem):
    """Its backend keeps nothing in memory from one request to the next."""

    def serve_backend(self) -> str:
        """Serve by a process a request."""
        argv = [sys.executable, "-m", "tests.support.forked_backend"]
        backend = self.start(argv, "backend", PYTHONPATH=str(CHECKOUT))
        port = processes.first_line(self.root / "backend.log", backend, START_SECONDS)
        return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with ForkedSystem(tmp_path_factory.mktemp("stateless")) as system:
        system.create_project(EXAMPLES / "static")
        (system.repo / "deploy.yaml").write_text(BUILD)
        system.start_backend()
        system.register_runner()
        yield system


def test_deployment_needs_nothing_that_a_process_remembers(system):
    """Login, registration, claim, live log, end, history and rollback."""
    commits = []
    for name in ("first", "second"):
        (system.repo / "name").write_text(name)
        commits.append(system.commit(name))
        pushed = system.run("deployr", "--json", "push", "--create", check=False)
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        job = json.loads(pushed.stdout)
        assert ("completed", commits[-1]) == (job["status"], job["commit"])
        log = system.run("deployr", "logs", str(job["id"])).stdout
        found = re.findall(r" line (\d+) of the build$", log, re.MULTILINE)
        assert [str(number) for number in range(1, LINES + 1)] == found

    undone = system.run("deployr", "--json", "rollback", "--yes", check=False)

    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert commits[0] in (system.path / "current/index.html").read_text()
    jobs = json.loads(system.run("deployr", "--json", "jobs").stdout)["jobs"]
    assert ["completed"] * 3 == [job["status"] for job in jobs]
