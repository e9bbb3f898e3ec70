"""kill -9 of the runner at any moment of a Laravel deployment, while somebody visits the site.

Every answer is the whole old or the whole new release, and the next deployment needs no help.
"""

import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.live import LiveBackend
from tests.support.server import ROOT, SETTINGS, Server
from tests.support.visitor import Visitor
from tools.demo.ports import free_port

STEPS = 12
"""As many as a deployment of this app has."""

LONG_SECONDS = 120.0
"""More than a deployment takes."""

START_SECONDS = 0.3
"""Less than the runner needs to start."""

RANDOM_KILLS = 8
VIEW = "resources/views/home.blade.php"
STATUS = "app/Status.php"


class Shop:
    """The example app on a server, with its web server; each version says its number twice."""

    def __init__(self, base: Path, backend: LiveBackend) -> None:
        self.server = Server(base, backend)
        shutil.copytree(ROOT / "examples/laravel", self.server.repo, dirs_exist_ok=True)
        env = self.server.places.env_file("shop", "production")
        env.parent.mkdir(parents=True)
        key = b64encode(secrets.token_bytes(32)).decode()
        database = base / "database.sqlite"
        database.touch()
        env.touch(mode=0o600)
        env.write_text(f"APP_KEY=base64:{key}\nDB_CONNECTION=sqlite\nDB_DATABASE={database}\n")
        self.version = 0
        self.seconds = 0.0
        """What the last deployment took, with the start of the runner."""
        port = free_port()
        root = self.server.root()
        root.mkdir(parents=True)
        argv = ["tools.demo.serve", "laravel", str(root / "current"), str(port)]
        self.web = subprocess.Popen(
            [sys.executable, "-m", *argv], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        self.url = f"http://127.0.0.1:{port}/"

    def push(self) -> int:
        """Queue the deployment of the next version."""
        self.version += 1
        word = f"version-{self.version}."
        view = self.server.repo / VIEW
        view.write_text(f"<p>{word}</p><p>{{{{ $version }}}}</p>\n")
        status = self.server.repo / STATUS
        text = re.sub(r"VERSION = '[^']*'", f"VERSION = '{word}'", status.read_text())
        status.write_text(text)
        return self.server.push(deploy={"keep_releases": 2}, build={"cache": True})

    def deploy(self) -> None:
        """Deploy the next version; there is nobody who helps."""
        job_id = self.push()
        begun = time.monotonic()
        runner = self.server.start()
        job = self.server.settled(job_id)
        self.seconds = time.monotonic() - begun
        runner.kill()
        runner.wait()
        assert "completed" == job["status"], job["detail"]

    def close(self) -> None:
        self.web.terminate()
        self.web.wait()
        self.server.stop()


@pytest.fixture
def shop(tmp_path):
    """A shop whose first version is live."""
    with LiveBackend(**SETTINGS) as backend:
        found = Shop(tmp_path, backend)
        try:
            found.deploy()
            found.server.until(lambda: Visitor(found.url).ask()[0] == 200)
            yield found
        finally:
            found.close()


def page(version: int) -> str:
    return f"<p>version-{version}.</p><p>version-{version}.</p>\n"


def killed(runner: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill the runner after so many seconds, unless it has done so itself."""
    try:
        return runner.wait(seconds) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        runner.kill()
        return runner.wait() == -signal.SIGKILL


def survive(shop: Shop, *, die_at: str = "", seconds: float = LONG_SECONDS) -> str:
    """Kill a deployment, look at every answer, then deploy again; return where it was cut."""
    before = shop.version
    job_id = shop.push()
    with Visitor(shop.url) as visitor:
        runner = shop.server.start(die_at)
        assert killed(runner, seconds)
        cut = step_of(shop, job_id)
        shop.deploy()
        time.sleep(0.1)
    wanted = {(200, page(version)) for version in (before, before + 1, before + 2)}
    assert set() == set(visitor.answers) - wanted
    assert (200, page(before + 2)) == Visitor(shop.url).ask()
    seen = [int(text.split(".")[0].rpartition("-")[2]) for _, text in visitor.answers]
    assert sorted(seen) == seen, "an older release came back"
    leftovers = [path.name for path in (shop.server.root() / ".deployr").iterdir()]
    assert [] == [name for name in leftovers if name.startswith(("incoming-", "current.new"))]
    return cut


def step_of(shop: Shop, job_id: int) -> str:
    path = shop.server.journals / str(job_id) / "progress.json"
    return path.read_text() if path.exists() else "none"


def some_moment(shop: Shop, chance: random.Random) -> float:
    """Return seconds from the runner's start to a moment of its deployment."""
    return START_SECONDS + chance.random() * max(shop.seconds - START_SECONDS, 0)


@pytest.mark.slow
def test_kill_at_every_step_boundary(shop):
    cuts = [survive(shop, die_at=f"step {number}") for number in range(1, STEPS + 1)]

    assert len(set(cuts)) >= 11, cuts


@pytest.mark.slow
def test_kill_at_random_moments(shop):
    chance = random.Random(4)
    for _ in range(RANDOM_KILLS):
        survive(shop, seconds=some_moment(shop, chance))


@pytest.mark.soak
def test_kill_at_many_random_moments(shop, soak):
    chance = random.Random(soak.seed)
    times = soak.examples(200)
    cuts: dict[str, int] = {}
    for _ in range(times):
        cut = survive(shop, seconds=some_moment(shop, chance))
        cuts[cut] = cuts.get(cut, 0) + 1
    soak.tell(f"{times} kills, by step: {cuts}")
