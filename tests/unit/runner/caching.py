"""Checkouts of an app, one after the other, that share a store as deployments do."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner import environment
from runner.caches import Reuse, Store
from runner.recipes.recipe import Install
from runner.shell import Command, Shell
from runner.stop import StopFlag

MIB = 1024 * 1024


@dataclass
class Server:
    """A runner's store; `said` is the log of all jobs."""

    base: Path
    stop: StopFlag
    limit: int = 100 * MIB
    said: list[str] = field(default_factory=list)
    commands: int = 0
    """How often a command of a package manager was run."""
    trees: int = 0
    env: dict[str, str] = field(default_factory=dict)
    """What the build has beside the usual environment."""

    @property
    def shell(self) -> Shell:
        return Shell(self.stop, "caches")

    @property
    def store(self) -> Store:
        return Store(
            root=self.base / "caches", limit=self.limit, shell=self.shell, say=self.said.append
        )

    @property
    def entries(self) -> list[str]:
        """Project, environment and name of all that is kept."""
        root = self.base / "caches"
        return sorted(str(place.relative_to(root)) for place in root.glob("*/*/*"))

    def checkout(self, files: Mapping[str, str]) -> Path:
        """Write a new checkout."""
        self.trees += 1
        tree = self.base / f"tree-{self.trees}"
        write(tree, files)
        return tree

    def reuse(self, tree: Path, *, enabled: bool = True, env: Mapping[str, str] = {}) -> Reuse:
        return Reuse(
            store=self.store,
            project="shop",
            environment="production",
            tree=tree,
            env={**environment.base(), **self.env, **env},
            enabled=enabled,
        )

    def install(
        self,
        tree: Path,
        install: Install,
        made: Mapping[str, str] | None = None,
        *,
        enabled: bool = True,
        env: Mapping[str, str] = {},
    ) -> Path:
        """Install as the build does; with `made` these files are what the command would make."""

        def run() -> None:
            self.commands += 1
            if made is None:
                command = Command.line(install.run, tree, {**environment.base(), **self.env})
                self.shell.run(command, lambda _: None)
            else:
                write(tree, made)

        self.reuse(tree, enabled=enabled, env=env).install(install, run)
        return tree

    def forget(self, tree: Path) -> None:
        """Remove a checkout, as the end of its job does."""
        shutil.rmtree(tree)


def write(tree: Path, files: Mapping[str, str]) -> None:
    """Write files below a directory, in place where they are there already."""
    tree.mkdir(exist_ok=True)
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def contents(directory: Path) -> dict[str, bytes]:
    """Return what all files below a directory hold."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
