"""Node.js apps that Passenger (or what stands in for it) starts on a cPanel account.

The app is registered there once, with the deploy root as its directory and `app.js` as its startup
file. That file leads to the live release, and a touched `tmp/restart.txt` starts it anew.
"""

from .hosts.host import Host

STARTUP_FILE, RESTART_FILE = "app.js", "tmp/restart.txt"
_MARK = b"// Written by Deployr: starts the live release."

# The release's real directory is resolved at start: a running app keeps its own files when
# `current` moves on. Passenger takes over the port that the app listens on.
_APP = (
    _MARK
    + b"""
process.env.NODE_ENV = 'production';
process.env.HOSTNAME = '127.0.0.1';
require(require('fs').realpathSync(__dirname + '/current') + '/server.js');
"""
)


def put_startup_file(host: Host, root: str) -> bool:
    """Put the startup file into a deploy root; tell whether it was missing, or another's.

    One that others wrote, as cPanel does for a new app, is kept beside it. Raises HostError.
    """
    place = f"{root}/{STARTUP_FILE}"
    there = host.files.read(place)
    if there == _APP:
        return False
    if there is not None and not there.startswith(_MARK):
        host.files.rename(place, f"{place}.before-deployr")
    host.files.write(place, _APP, 0o644)
    return True


def restart(host: Host, root: str, release: str) -> None:
    """Have the app start anew with its next visitor; seen within 10 s. Raises HostError."""
    host.files.write(f"{root}/{RESTART_FILE}", f"{release}\n".encode(), 0o644)
