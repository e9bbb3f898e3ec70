"""A whole Deployr for each end-to-end test: real backend, runner, git, web server."""

from pathlib import Path

import pytest

from tools.demo.apps import find_tools, serve, write_secrets
from tools.demo.system import EXAMPLES, DeployrSystem


class Deployed:
    """A running system with one example app and the address of its web server."""

    def __init__(self, system: DeployrSystem, app: str) -> None:
        self.system = system
        self.commit = system.create_project(EXAMPLES / app)
        system.start_backend()
        write_secrets(app, system)
        system.register_runner()
        self.url = serve(app, system)

    def push(self, *options: str):
        """Run `deployr push` and return the finished process with its output."""
        return self.system.run("deployr", "push", *options, check=False)

    def change(self, name: str, old: str, new: str) -> str:
        """Replace text in a file of the app, commit and push to origin; return the commit."""
        path = self.system.repo / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return self.system.commit(f"Change {name}")


@pytest.fixture
def deployr_for(tmp_path: Path):
    """A function that brings up a system with the named example app."""
    with DeployrSystem(tmp_path) as system:

        def bring_up(app: str) -> Deployed:
            assert find_tools(app) is None
            return Deployed(system, app)

        yield bring_up
