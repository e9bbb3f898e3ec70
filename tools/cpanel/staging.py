"""A release in the making: out of sight until it was started and checked."""

import os
import shutil
import sys
from pathlib import Path

from tools.cpanel.commands import run
from tools.cpanel.home import Home

CODE = (".flaskenv", "app", "deployr", "migrations", "passenger_wsgi.py", "requirements.txt")
_PYTHON = ".python"
"""In `packages`: what they were installed for."""

# As the host loads it; says where users reach it.
START = """
import sys, passenger_wsgi
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
        """Bring the packages: linked from the release before while its list is the same."""
        packages = self._path / "packages"
        earlier = self._home.path / "releases" / before if before else None
        if earlier and self._fits(earlier):
            shutil.copytree(earlier / "packages", packages, copy_function=os.link, symlinks=True)
        else:
            pip = (self._python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
            bounds = ("--require-hashes", "--only-binary=:all:", "--no-deps")
            target = ("--target", str(packages), "--requirement", "requirements.txt")
            run(*pip, *bounds, *target, cwd=self._path)
            (packages / _PYTHON).write_text(sys.version, encoding="utf-8")
        # Compiled here, processes start faster; and those of the host may not write.
        run(self._python, "-m", "compileall", "-q", "app", "deployr", cwd=self._path)

    def check(self) -> str:
        """Start the release as the host will, and look at all it needs.

        Returns the address at which users reach it, or an empty text. Raises Failed.
        """
        url = run(self._python, "-c", START, cwd=self._path)
        self._flask("deployr", "doctor", "--before-start")
        return url

    def migrate(self) -> None:
        """Bring the database up to date; the release before works with it too."""
        self._flask("db", "upgrade")

    def publish(self) -> None:
        """Let it be seen under its name."""
        self._path.rename(self._home.path / "releases" / self._name)

    def _flask(self, *command: str) -> str:
        env = {**os.environ, "PYTHONPATH": "packages"}
        return run(self._python, "-m", "flask", *command, cwd=self._path, env=env)

    def _fits(self, earlier: Path) -> bool:
        made_for = earlier / "packages" / _PYTHON
        return (
            made_for.exists()
            and made_for.read_text(encoding="utf-8") == sys.version
            and (earlier / "requirements.txt").read_bytes()
            == (self._path / "requirements.txt").read_bytes()
        )
