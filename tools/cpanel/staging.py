"""A release in the making: out of sight until it was started and checked."""

import os
import shutil
import sys
from pathlib import Path

from tools.cpanel.commands import run
from tools.cpanel.home import Home

PACKAGES = "requirements.txt"
S3_PACKAGES = "requirements/s3.txt"
CODE = (".flaskenv", "app", "deployr", "migrations", "passenger_wsgi.py", PACKAGES, S3_PACKAGES)
DIST = ("deployr", "cli", "runner", "pyproject.toml", "README.md", "requirements", "tools")
"""What the files for servers that become runners are built from."""
_MADE_OF = ".made-of"
"""In `packages` and `dist`: what they were made of."""

# As the host loads it; says where users reach it.
START = """
import os, sys
sys.stderr = open(os.devnull, "w")  # the trace is in the log
import passenger_wsgi
sys.stderr = sys.__stderr__
backend = passenger_wsgi.application
if backend.problem:
    sys.exit(backend.problem)
print(backend.app.config["DEPLOYR"].public_url or "")
"""


class Stage:
    """`releases/.new` of an application root."""

    def __init__(self, home: Home, name: str, python: str) -> None:
        """`name` is what the release will be called."""
        self._home = home
        self._name = name
        self._python = python
        self._path = home.path / "releases" / ".new"

    def fetch(self) -> None:
        """Take the code of HEAD; what the working tree has besides is not committed."""
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(mode=0o700)
        archive = self._path / ".tar"
        run("git", "archive", f"--output={archive}", "HEAD", *CODE)
        run("tar", "-x", "-f", str(archive), "-C", str(self._path))
        archive.unlink()
        (self._path / "REVISION").write_text(f"{self._name}\n", encoding="ascii")
        # The operator's own, so that each release and each of its commands finds them.
        for name in (".env", "instance", "logs"):
            (self._path / name).symlink_to(Path("..", "..", name))

    def install(self, before: str | None) -> None:
        """Bring the packages: linked from the release before while their list is the same."""
        lists = [PACKAGES, S3_PACKAGES] if self._home.has_bucket() else [PACKAGES]
        listed = [self._path.joinpath(name).read_text(encoding="utf-8") for name in lists]
        made_of = "\n".join((sys.version, *listed))
        if not self._linked("packages", before, made_of):
            pip = (self._python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
            bounds = ("--require-hashes", "--only-binary=:all:", "--no-deps")
            wanted = [f"--requirement={name}" for name in lists]
            run(*pip, *bounds, "--target=packages", *wanted, cwd=self._path)
            self._mark("packages", made_of)
        # Compiled here, processes start faster; and those of the host may not write.
        run(self._python, "-m", "compileall", "-q", "app", "deployr", cwd=self._path)

    def build_dist(self, before: str | None) -> None:
        """Build what the backend serves to servers that become runners, unless it is the same."""
        made_of = run("git", "rev-parse", *(f"HEAD:{name}" for name in DIST))
        if not self._linked("dist", before, made_of):
            env = {**os.environ, "PYTHON": self._python}
            run("/bin/bash", "tools/build-dist.sh", str(self._path / "dist"), env=env)
            self._mark("dist", made_of)

    def start(self) -> str:
        """Start the release as the host will; return where users reach it, or an empty text.

        Raises Failed.
        """
        return run(self._python, "-c", START, cwd=self._path)

    def examine(self) -> str:
        """Return what the release says of all that it needs. Raises Failed if that is not there."""
        return self._flask("deployr", "doctor", "--before-start")

    def migrate(self) -> None:
        """Bring the database up to date; the release before works with it too."""
        self._flask("db", "upgrade")

    def publish(self) -> None:
        """Let it be seen under its name."""
        self._path.rename(self._home.path / "releases" / self._name)

    def _flask(self, *command: str) -> str:
        env = {**os.environ, "PYTHONPATH": "packages"}
        return run(self._python, "-m", "flask", *command, cwd=self._path, env=env)

    def _linked(self, name: str, before: str | None, made_of: str) -> bool:
        """Take a folder from the release before if it was made of the same; tell whether it was."""
        if before is None:
            return False
        earlier = self._home.path / "releases" / before / name
        mark = earlier / _MADE_OF
        if not mark.exists() or mark.read_text(encoding="utf-8") != made_of:
            return False
        shutil.copytree(earlier, self._path / name, copy_function=os.link, symlinks=True)
        return True

    def _mark(self, name: str, made_of: str) -> None:
        self._path.joinpath(name, _MADE_OF).write_text(made_of, encoding="utf-8")
