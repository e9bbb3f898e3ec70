"""Deploy the backend of the working directory's repository: `python -m tools.cpanel.deploy HOME`.

    HOME/releases/<time>-<commit>   code and packages of one deployment; never changed
    HOME/current                    link to the live one
    HOME/passenger_wsgi.py, flask   what the host and people start; both lead to `current`
    HOME/.env, tmp, logs, instance  the operator's; never touched

Nothing of the live release changes before the new one was started and checked, and one that does
not answer afterwards is taken back.
"""

import fcntl
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from tools.cpanel.answers import Address
from tools.cpanel.commands import Failed, run
from tools.cpanel.home import Home
from tools.cpanel.staging import Stage

KEPT = 3
"""Releases, the live one included."""


def deploy(home: Home, python: str) -> None:
    """Put HEAD in place. Raises Failed; `home` is then as it was, or says otherwise."""
    name = f"{datetime.now(UTC):%Y%m%d%H%M%S}-{run('git', 'rev-parse', '--short=12', 'HEAD')}"
    before = home.live()
    stage = Stage(home, name, python)
    stage.fetch()
    stage.install(before)
    stage.build_dist(before)
    url = stage.start()
    say(stage.examine())
    say("migrating the database")
    stage.migrate()
    stage.publish()

    address = Address(url, home.path / "releases" / name) if url else None
    answered = address is not None and address.answers()
    home.switch(name, python)
    say(f"{name} is live")
    if address is None:
        say("set DEPLOYR_PUBLIC_URL in .env: the next deployment can then see whether it answers")
    elif not address.waits_for(name):
        _take_back(home, before, address, answered=answered, python=python)
    home.prune(KEPT, before)


def _take_back(
    home: Home, before: str | None, address: Address, *, answered: bool, python: str
) -> None:
    """Go back to the release that answered before. Raises Failed in any case."""
    what = f"{address.url} does not answer as the new release; see logs/deployr.log"
    if before is None or not answered:
        raise Failed(f"{what}. Nothing answered there before, so the new release stays")
    home.switch(before, python)
    found = "answers again" if address.waits_for(before) else "does not answer either"
    raise Failed(f"{what}. {before} is live again and {found}")


def say(what: str) -> None:
    """Tell how far it is; cPanel shows it in the deployment's log."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Deploy once; no two at a time."""
    home = Home(Path(sys.argv[1]))
    # What runs here reads the release's own settings, not those of whoever deploys.
    for variable in [each for each in os.environ if each.startswith("PYTHON")]:
        del os.environ[variable]
    try:
        home.prepare()
        with (home.path / "releases" / ".lock").open("a") as lock:
            os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 - it has no name
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failed("another deployment is running: wait for its end") from None
            deploy(home, sys.executable)
    except (Failed, OSError) as error:  # also a full disk
        sys.exit(f"The deployment failed: {error}")


if __name__ == "__main__":
    main()
