"""A project that a runner deploys to a hosting account at a real SSH server."""

import itertools
import os
import pwd
from pathlib import Path
from typing import Any

from runner.hosts.book import HostEntry, save_hosts
from tests.support.sshd import Sshd
from tests.unit.runner.fake_backend import FakeBackend
from tests.unit.runner.site import Site

_numbers = itertools.count(1)
MANIFEST = "project: {target: cpanel}\n"


class AccountSite(Site):
    """As `Site`, but the runner reaches the deploy root by SSH; each has a place of its own."""

    def __init__(self, base: Path, backend: FakeBackend, server: Sshd) -> None:
        self.server = server
        self.place = server.home / f"site{next(_numbers)}"
        self.docroot = self.place / "public_html"
        self.as_account(self.docroot.mkdir, parents=True)
        super().__init__(base, backend)
        self.root = self.place / "app"
        save_hosts(self.places, [self.entry()])
        self.commit({"deploy.yaml": MANIFEST})

    def entry(self, **changes: Any) -> HostEntry:
        """Return how the runner reaches the account."""
        server = self.server
        by_password = server.shape == "password"
        proof = {"password": server.password} if by_password else {"key": str(server.key)}
        fields = {"name": "hoster", "host": "127.0.0.1", "port": server.port, "user": server.user}
        return HostEntry.model_validate({**fields, **proof, "host_key": server.host_key, **changes})

    def allow(self, **changes: object) -> None:
        """Write the runner's configuration with one entry."""
        fields: dict[str, object] = {"path": str(self.place / "app"), "host": "hoster"}
        super().allow(**(fields | {"docroot": str(self.docroot)} | changes))

    def as_account(self, action: Any, *args: Any, **options: Any) -> Any:
        """Call something as the account's user, so that what it makes is its own."""
        before = os.geteuid(), os.getegid()
        user = pwd.getpwnam(self.server.user)
        os.setegid(user.pw_gid)
        os.seteuid(user.pw_uid)
        try:
            return action(*args, **options)
        finally:
            os.seteuid(before[0])
            os.setegid(before[1])

    def put(self, path: Path, text: str) -> None:
        """Write a file of the account."""
        self.as_account(path.parent.mkdir, parents=True, exist_ok=True)
        self.as_account(path.write_text, text)

    def served(self, name: str = "index.html") -> str:
        """Return a file of the document root, as a web server finds it."""
        return (self.docroot / name).read_text()
