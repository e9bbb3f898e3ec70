"""The demo as the user sees it: `python -m tools.demo static|nextjs|laravel`."""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tools.demo.apps import APPS, answers, find_tools, serve, write_secrets
from tools.demo.system import EXAMPLES, DeployrSystem


def main() -> int:
    """Run the demo; the exit code is 0 when the deployed app answers with the pushed commit."""
    app = sys.argv[1] if len(sys.argv) > 1 else "static"
    if app not in APPS:
        print(f"There is no demo for {app!r}; APP is one of: {', '.join(APPS)}")
        return 2
    if problem := find_tools(app):
        print(problem)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    root = Path(tempfile.mkdtemp(prefix="deployr-demo-"))
    try:
        with DeployrSystem(root) as system:
            return _demo(app, system)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _demo(app: str, system: DeployrSystem) -> int:
    others = ", ".join(f"APP={other}" for other in APPS if other != app)
    _say(f"Deploying examples/{app} (also: {others})")
    _say("1. A git repository with an origin, as a developer has it")
    commit = system.create_project(EXAMPLES / app)
    _say("2. The backend, on SQLite")
    system.start_backend()
    _say(f"3. A runner; its owner lets it deploy to {system.path}")
    write_secrets(app, system)
    system.register_runner()
    url = serve(app, system)
    _say("4. deployr push")
    if code := system.push("--create").returncode:
        return code
    if not answers(url, commit):
        print(f"{url} does not show commit {commit}")
        return 1
    _say(f"The app answers at {url} with commit {commit[:12]}")
    return _stay(system)


def _stay(system: DeployrSystem) -> int:
    if os.environ.get("ONCE") or not sys.stdin.isatty():
        return 0
    _say(f"Try it: cd {system.repo}, change the app, commit, git push, then")
    _say(f"        DEPLOYR_CONFIG_DIR={system.root}/developer {sys.prefix}/bin/deployr push")
    _say("Ctrl-C stops the demo and removes everything.")
    while True:
        time.sleep(3600)


def _say(text: str) -> None:
    print(f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
