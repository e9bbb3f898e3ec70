"""Small files of a release on a host, fetched to be looked at on this machine."""

import io
import shlex
import tarfile
from collections.abc import Sequence
from pathlib import Path

from ..hosts.host import Host, HostError

# The names are patterns of our own; only regular files are fetched.
_SCRIPT = """cd -- {place} 2>/dev/null || exit 0
set --
for each in {names}; do [ ! -f "$each" ] || [ -L "$each" ] || set -- "$@" "$each"; done
[ "$#" -eq 0 ] || tar -cf - -- "$@"
"""


def fetch_from(host: Host, place: str, names: Sequence[str], goal: Path) -> None:
    """Put the files of the directory `place` that match `names` into `goal`. Raises HostError.

    Without a shell `names` are no patterns.
    """
    goal.mkdir(parents=True, exist_ok=True)
    if host.probe.shell == "none":
        for name in names:
            if data := host.files.read(f"{place}/{name}"):
                (goal / name).write_bytes(data)
        return
    data = host.ask(_SCRIPT.format(place=shlex.quote(place), names=" ".join(names)))
    try:
        if data:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(goal, filter="data")
    except tarfile.TarError as error:
        raise HostError(f"{host.name}: its tar writes what can't be read: {error}", place) from None
