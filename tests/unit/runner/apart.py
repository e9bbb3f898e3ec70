"""A runner of one user whose builds are of another, both made for the tests."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.config import load, save
from tests.support.unprivileged import as_user, change_users, new_users, open_directory

from .fake_backend import FakeBackend, FakeJob
from .site import Site

AGENT, BUILDER, OTHER = (f"dt{kind}{os.getpid()}" for kind in ("agent", "build", "other"))


@contextmanager
def agent_and_builders() -> Iterator[None]:
    """The users that the installer makes, and its rule for sudo."""
    rule = Path(f"/etc/sudoers.d/{AGENT}")
    with new_users(AGENT, BUILDER, OTHER):
        change_users(["usermod", "--append", "--groups", f"{BUILDER},{OTHER}", AGENT])
        rule.write_text(f"{AGENT} ALL=({BUILDER}) NOPASSWD: ALL\n")
        rule.chmod(0o440)
        yield
        rule.unlink()


class Server(Site):
    """A site whose runner is of one user and whose builds are of another."""

    agent = "root"

    def settle(self, agent: str, base: Path) -> None:
        """Give everything to the runner's user."""
        self.agent = agent
        subprocess.run(["chown", "-R", f"{agent}:{agent}", str(base)], check=True)

    def deployed(self, files: dict[str, str], **sections: object) -> FakeJob:
        """Commit the files, and let the runner's user deploy them."""
        as_user(self.agent, lambda: self.commit({**files, "deploy.yaml": json.dumps(sections)}))
        job = self.queue()
        as_user(self.agent, lambda: self.work(job))
        return job

    def use(self, **changes: str | None) -> None:
        """Change the runner's build user, or with `user` that of its only project."""
        config = load(self.places)
        entry = config.allow[0].model_copy(update={"user": changes.pop("user", None)})
        save(self.places, config.model_copy(update={"allow": (entry,), **changes}))

    def queue(self) -> FakeJob:
        spec = self.spec("a" * 40, unsigned=True).model_copy(update={"commit": ""})
        return self.backend.add(spec)


@contextmanager
def new_server(way: str) -> Iterator[Server]:
    """Make a server whose runner is `root`, or one that uses `sudo`."""
    with open_directory() as base:
        base.chmod(0o755)
        backend = FakeBackend()
        found = Server(base, backend)
        save(found.places, load(found.places).model_copy(update={"build_user": BUILDER}))
        found.env_file("API_KEY='of the shop'\n")
        other = found.places.env_file("blog", "production")
        other.parent.mkdir(mode=0o700, parents=True)
        other.write_text("API_KEY=of-the-blog\n")
        other.chmod(0o600)
        key = base / "home/.ssh/id_ed25519"
        key.parent.mkdir(parents=True, mode=0o700)
        key.write_text("key")
        key.chmod(0o600)
        found.settle("root" if way == "root" else AGENT, base)
        yield found
        backend.close()
