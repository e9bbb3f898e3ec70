"""pm2 from npm, brought once into the virtual environment that the tests run in."""

import subprocess
import sys
from pathlib import Path

VERSION = "7.0.4"


def pm2_directory() -> Path:
    """Return a directory for the front of PATH; node and npm must be on it already."""
    home = Path(sys.prefix) / f"pm2-{VERSION}"
    directory = home / "node_modules" / ".bin"
    if not (directory / "pm2").exists():
        home.mkdir(exist_ok=True)
        home.joinpath("package.json").write_text('{"private": true}')
        argv = ["npm", "install", "--no-audit", "--no-fund", "--save-exact", f"pm2@{VERSION}"]
        subprocess.run(argv, cwd=home, check=True, stdout=subprocess.DEVNULL)
    return directory
