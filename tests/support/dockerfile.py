"""Does what a Dockerfile says without a container engine: a folder stands for the image."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_INSTRUCTION = re.compile(r"^([A-Z]+) (.*)$", re.DOTALL)


def instructions(stage: str) -> list[tuple[str, str]]:
    """Return the instructions of a stage, each with its text."""
    text = (ROOT / "Dockerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    whole = lines.replace("\\\n", " ")
    found = [_INSTRUCTION.match(line) for line in whole.splitlines() if line.strip()]
    assert None not in found
    steps = [(each[1], each[2]) for each in found if each]
    starts = [number for number, (name, _) in enumerate(steps) if name == "FROM"]
    for start, end in zip(starts, [*starts[1:], len(steps)], strict=True):
        if steps[start][1].endswith(f" AS {stage}"):
            return steps[start + 1 : end]
    raise AssertionError(f"no stage {stage}")


def context(stage: str) -> set[str]:
    """Return the files and folders of the checkout that a stage copies."""
    copies = [text.split()[:-1] for name, text in instructions(stage) if name == "COPY"]
    return {source for each in copies if not each[0].startswith("--from=") for source in each}


class Image:
    """A stage, built below a folder with a Python of its own."""

    def __init__(self, stage: str, folder: Path) -> None:
        self._root = folder
        self._bin = folder / "python/bin"
        self._work = folder
        self.env: dict[str, str] = {}
        self.argv: dict[str, list[str]] = {}
        """Of ENTRYPOINT, CMD and HEALTHCHECK."""
        subprocess.run([sys.executable, "-m", "venv", str(folder / "python")], check=True)
        for name, text in instructions(stage):
            getattr(self, f"_{name.lower()}")(text)

    def run(self, argv: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the container."""
        return subprocess.run(
            argv, cwd=self._work, env=self._whole(env), check=False, capture_output=True, text=True
        )

    def start(self, argv: list[str], log: Path, **env: str) -> "subprocess.Popen[bytes]":
        """Start a command in the container."""
        with log.open("ab") as out:
            return subprocess.Popen(
                argv, cwd=self._work, env=self._whole(env), stdout=out, stderr=out
            )

    def _whole(self, env: dict[str, str]) -> dict[str, str]:
        return {"PATH": f"{self._bin}:{os.environ['PATH']}", **self.env, **env}

    def _workdir(self, text: str) -> None:
        self._work = self._root / text.lstrip("/")
        self._work.mkdir(parents=True)

    def _env(self, text: str) -> None:
        pairs = (word.split("=", 1) for word in shlex.split(text))
        self.env |= {name: self._placed(value) for name, value in pairs}

    def _placed(self, value: str) -> str:
        return f"{self._root}{value}" if value.startswith("/") else value

    def _copy(self, text: str) -> None:
        *sources, target = text.split()
        if sources[0].startswith("--from="):
            self._copy_from(sources[0].removeprefix("--from="), sources[1], target)
            return
        for source in sources:
            place = self._work / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place = place / Path(source).name if target.endswith("/") else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)

    def _copy_from(self, stage: str, source: str, target: str) -> None:
        folder = self._root.parent / stage
        Image(stage, folder)
        shutil.copytree(f"{folder}{source}", self._work / target)

    def _run(self, text: str) -> None:
        if text.startswith("apt-get"):  # of the machine, which has them
            packages = text.partition("--no-install-recommends ")[2].partition(" &&")[0].split()
            subprocess.run(["dpkg", "--status", *packages], check=True, capture_output=True)
            return
        text = text.replace(" /var/", f" {self._root}/var/")
        # Here all runs as one user, who stands for the image's.
        text = text.replace("10001", str(os.geteuid()))
        done = self.run(["sh", "-c", text])
        assert done.returncode == 0, done.stdout + done.stderr

    def _exec(self, name: str, text: str) -> None:
        self.argv[name] = json.loads(text)

    def _cmd(self, text: str) -> None:
        self._exec("CMD", text)

    def _entrypoint(self, text: str) -> None:
        self._exec("ENTRYPOINT", text)

    def _healthcheck(self, text: str) -> None:
        self._exec("HEALTHCHECK", text.removeprefix("CMD "))

    def _user(self, text: str) -> None:
        assert text.isdecimal()

    def _expose(self, text: str) -> None:
        assert text.isdecimal()
