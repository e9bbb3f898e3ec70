"""What is to be started, and how it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to start: no shell looks at `argv`, and `env` is all the environment it gets."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdin: int | None = None
    """Descriptor that it reads from; None: nothing to read. Not for commands of other users."""

    @classmethod
    def line(cls, line: str, cwd: Path, env: Mapping[str, str]) -> "Command":
        """Return a command line of a deploy.yaml or a recipe; it ends at the first failure."""
        return cls(argv=("/bin/sh", "-euc", line), cwd=cwd, env=env)

    @property
    def title(self) -> str:
        """The command as people wrote it."""
        if self.argv[:2] == ("/bin/sh", "-euc"):
            return self.argv[2]
        return " ".join(self.argv)


class CommandFailedError(Exception):
    """A command ended with another exit code than 0."""

    def __init__(self, command: Command, exit_code: int, output: str = "") -> None:
        super().__init__(f"`{command.title}` ended with exit code {exit_code}")
        self.command = command
        self.exit_code = exit_code
        self.output = output
