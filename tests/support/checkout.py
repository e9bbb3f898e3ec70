"""A developer's git repository with an origin, for tests."""

import os
import subprocess
from pathlib import Path


class DeveloperCheckout:
    """A repository on branch main whose origin is a bare repository beside it."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.path = folder / "app"
        self.origin = folder / "app.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.origin], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", self.path], check=True)
        self.git("remote", "add", "origin", self.url)
        self.commit("first", **(files or {"index.html": "<p>hello</p>"}))
        self.push()

    @property
    def url(self) -> str:
        """Address of the origin."""
        return self.origin.as_uri()

    def git(self, *arguments: str) -> str:
        """Run git in the checkout as a developer with a name, and return what it says."""
        identity = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=os.environ | identity,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Write files (`deploy_yaml` stands for deploy.yaml), commit them, return the hash."""
        for name, text in files.items():
            path = self.path / name.replace("deploy_yaml", "deploy.yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, branch: str = "main") -> None:
        """Push a branch to the origin."""
        self.git("push", "-q", "--set-upstream", "origin", branch)
