"""A whole Deployr in one directory: backend on SQLite, runner, developer's checkout and origin."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tools.demo import processes

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "examples"
BIN = Path(sys.executable).parent
START_SECONDS = 60


class DeployrSystem:
    """Backend, runner and one project; a context manager that leaves no process behind."""

    def __init__(
        self,
        root: Path,
        *,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare below `root`, an empty directory. Nothing is started yet.

        `settings` are `DEPLOYR_*` variables of the backend.
        """
        self.root = root
        self.repo = root / "checkout"
        self.path = root / "server" / "www"
        self.url = ""
        self.token = ""
        self._database_url = database_url or f"sqlite:///{root / 'backend.sqlite'}"
        self._settings = dict(settings or {})
        self._running: list[subprocess.Popen[bytes]] = []
        root.joinpath("server").mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            processes.stop(process)

    @property
    def env(self) -> dict[str, str]:
        """Environment of everything that runs here: no settings of the user's leak in or out."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DEPLOYR_", "GIT_", "FLASK_", "MAKE", "MFLAGS"))
        }
        return kept | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            **self._settings,
            "DEPLOYR_DATABASE_URL": self._database_url,
            "DEPLOYR_CONFIG_DIR": str(self.root / "developer"),
            "DEPLOYR_RUNNER_CONFIG": str(self.root / "server" / "config"),
            "DEPLOYR_RUNNER_STATE": str(self.root / "server" / "state"),
            "GIT_CONFIG_GLOBAL": str(self.root / "gitconfig"),
        }

    def run(
        self, *argv: str, cwd: Path | None = None, stdin: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises RuntimeError with its output when it fails."""
        done = subprocess.run(
            argv,
            cwd=cwd or self.repo,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            said = f"{done.stdout}{done.stderr}"
            raise RuntimeError(f"{' '.join(argv)} exited with {done.returncode}:\n{said}")
        return done

    def start(self, argv: Sequence[str], name: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a background process that ends with this system; it logs to `<name>.log`."""
        merged: Mapping[str, str] = self.env | env
        log = self.root / f"{name}.log"
        process = processes.start(argv, log=log, env=merged, cwd=self.root)
        self._running.append(process)
        return process

    def create_project(self, example: Path) -> str:
        """Make a git repository of `example` with an origin; return its commit."""
        ignored = shutil.ignore_patterns("node_modules", ".next", "vendor")
        shutil.copytree(example, self.repo, ignore=ignored)
        origin = self.root / f"{example.name}.git"
        (self.root / "gitconfig").write_text(
            "[user]\nname = Demo\nemail = demo@example.com\n[init]\ndefaultBranch = main\n"
        )
        self.run("git", "init", "--quiet", "--bare", str(origin), cwd=self.root)
        self.run("git", "init", "--quiet")
        self.run("git", "remote", "add", "origin", origin.as_uri())
        return self.commit("Start the app")

    def commit(self, message: str) -> str:
        """Commit everything, push it and return the commit's hash."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)
        self.run("git", "push", "--quiet", "--set-upstream", "origin", "main")
        return self.run("git", "rev-parse", "HEAD").stdout.strip()

    def start_backend(self) -> None:
        """Create the database and a user, serve the API and sign the developer in."""
        flask = str(BIN / "flask")
        self.run(flask, "db", "upgrade", cwd=CHECKOUT)
        user = ("--name", "Demo", "--email", "demo@example.com")
        created = self.run(flask, "deployr", "user", "create", *user, cwd=CHECKOUT)
        self.token = next(word for word in created.stdout.split() if word.startswith("dpu_"))
        self.url = self.serve_backend()
        self.run(
            "deployr", "login", "--token", "--url", self.url, cwd=self.root, stdin=self.token + "\n"
        )

    def serve_backend(self) -> str:
        """Serve the API on the database and return its address."""
        argv = [sys.executable, "-m", "tools.demo.backend"]
        backend = self.start(argv, "backend", PYTHONPATH=str(CHECKOUT))
        port = processes.first_line(self.root / "backend.log", backend, START_SECONDS)
        return f"http://127.0.0.1:{port}"

    def register_runner(self, url: str | None = None, place: Sequence[str] = ()) -> None:
        """Register a runner that may deploy this project to `path`, and start it.

        `url` is another address of the same backend, `place` the options that say on which host.
        """
        added = self.run("deployr", "--json", "runners", "add", "--path", str(self.path), *place)
        command = json.loads(added.stdout)["command"].replace(self.url, url or self.url)
        self.run("/bin/sh", "-euc", command, cwd=self.root)
        self.start(["deployr-runner", "run"], "runner")

    def write_env_file(self, project: str, text: str) -> None:
        """Put the secrets of a project where the runner keeps them."""
        config = self.root / "server" / "config"
        secrets = config / "env" / project / "production.env"
        secrets.parent.mkdir(parents=True, exist_ok=True)
        config.chmod(0o700)
        secrets.touch(mode=0o600)
        secrets.write_text(text)

    def push(self, *options: str) -> subprocess.CompletedProcess[bytes]:
        """Run `deployr push` with its output on our own terminal."""
        argv = ["deployr", "push", *options]
        return subprocess.run(argv, cwd=self.repo, env=self.env, check=False)
