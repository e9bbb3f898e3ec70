"""Scripts that know the paths of a site."""

import secrets
import shlex

from ..hosts.host import Host
from .site import BEFORE_NOTE, SERVED_NOTE, Site

# Once a switch has begun it ends, also when the connection breaks meanwhile. What is made is for the
# web server to read, whatever the account's habit.
_WHOLE = "set -e; umask 022; trap '' HUP INT TERM PIPE\n"


def ask(host: Host, site: Site, script: str) -> dict[str, bytes]:
    """Run a script that only looks; return its answers by their headings.

    Each stands behind a line that begins with $b, which no file of the host can hold.
    """
    border = f"=={secrets.token_hex(16)}"
    pieces = host.ask(_head(site, b=border) + script).split(border.encode() + b" ")[1:]
    parts = [piece.partition(b"\n") for piece in pieces]
    return {name.decode(): text for name, _, text in parts}


def run(host: Host, site: Site, script: str, **more: str) -> bytes:
    """Run a script that changes something, to its end; with variables beside the paths."""
    return host.ask(_WHOLE + _head(site, **more) + script)


def _head(site: Site, **more: str) -> str:
    """Set the variables of a script: document root, goal, shared, notes, and what is served now."""
    given = {
        "d": site.docroot,
        "g": site.goal,
        "s": site.below("shared"),
        "n": site.note(SERVED_NOTE),
        "f": site.note(BEFORE_NOTE),
        **more,
    }
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in given.items())
    if not site.domain:
        return head + "l=$d\n"
    return head + 'l=$d; [ ! -f "$n" ] || [ "$(cat "$n")" != "$g" ] || l=$g\n'
