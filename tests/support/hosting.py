"""A hosting account with the backend in it, and who asks for it all the time."""

import json
import os
import pwd
import secrets
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests

from tests.support.cpanel import Repository
from tests.support.mariadb import MariaDb
from tests.support.passenger import Account, PassengerHost
from tests.support.unprivileged import new_users
from tools.demo.processes import pauses


class Hosting:
    """Database, web server and repository; `deploy()` runs what cPanel runs."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.database = stack.enter_context(MariaDb("--wait-timeout=5"))
            user = f"dpl{os.getpid()}"
            stack.enter_context(new_users(user))
            self.account = Account(user, Path(pwd.getpwnam(user).pw_dir))
            self.repository = Repository(self.account)
            self.apache = stack.enter_context(PassengerHost(self.account))
            self.url = self.apache.url
            self.settings = {
                "DEPLOYR_DATABASE_URL": self.database.create_hosting_account(user),
                "DEPLOYR_SECRET_KEY": secrets.token_urlsafe(48),
                "DEPLOYR_PUBLIC_URL": self.url,
            }
            self.write_settings()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def write_settings(self) -> None:
        lines = [f"{name}={value}\n" for name, value in self.settings.items()]
        self.account.write(str(self.account.app / ".env"), "".join(lines))

    def flask(self, *command: str, check: bool = True) -> str:
        """Run a command of the backend as its operator does; return all that it says."""
        done = self.account.run(str(self.account.app / "flask"), *command, check=check)
        return done.stdout + done.stderr

    def live(self) -> str:
        """Return the name of the live release."""
        return self.account.app.joinpath("current").readlink().name

    def health(self, url: str = "") -> dict[str, Any]:
        """Return what the backend says of itself; nothing when it doesn't."""
        answer = requests.get(f"{url or self.url}/api/health", timeout=90)
        said: dict[str, Any] = answer.json() if answer.ok else {}
        return said

    def restart(self) -> None:
        """Let Passenger start new processes; returns when it has noticed."""
        self.account.run("touch", str(self.account.app / "tmp" / "restart.txt"))

    def token(self, email: str) -> str:
        """Create a user and return their token."""
        said = self.flask("deployr", "user", "create", "--name", "Ada", "--email", email)
        return next(word for word in said.split() if word.startswith("dpu_"))

    def until(self, status: int, path: str = "/api/health") -> requests.Response:
        """Ask until the answer has this status; return it."""
        answer = requests.get(self.url + path, timeout=90)
        for _ in pauses(60):
            if answer.status_code == status:
                break
            answer = requests.get(self.url + path, timeout=90)
        assert status == answer.status_code, answer.text
        return answer

    def told(self) -> str:
        """Return all logs: the account's own, Passenger's and Apache's."""
        logs = [*self.account.app.glob("logs/*"), *self.apache.folder.glob("*.log")]
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in logs)


@dataclass
class Visitors:
    """Several clients that ask all the time, over and over, until the end of a `with`."""

    url: str
    token: str
    count: int = 4
    answers: Counter[str] = field(default_factory=Counter)
    """How often which status, or error, came."""
    revisions: set[str] = field(default_factory=set)
    longest: float = 0.0
    """Seconds that an answer took at most."""

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def have_met(self, revision: str) -> bool:
        """Wait until one of them was answered by a revision; tell whether one was."""
        return any(revision in self.revisions for _ in pauses(60))

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        while not self._end.wait(0.02):
            for path in ("/api/health", "/api/projects"):
                try:
                    answer = requests.get(self.url + path, headers=headers, timeout=90)
                except requests.RequestException as error:
                    self.answers[type(error).__name__] += 1
                    continue
                self.answers[str(answer.status_code)] += 1
                self.longest = max(self.longest, answer.elapsed.total_seconds())
                if answer.ok and path == "/api/health":
                    self.revisions.add(json.loads(answer.text)["revision"])
