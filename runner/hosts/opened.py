"""Opens the host of an entry of the owner's list."""

from ..config import Places
from .book import host_named
from .host import Host
from .local import LocalHost


def open_host(places: Places, name: str | None, mark: str) -> Host:
    """Return the host of that name, not connected yet; None: the account that we run in.

    What is started there carries `mark`. Raises ConfigError.
    """
    if name is None:
        return LocalHost(mark, places.hosts)
    from .ssh_host import SshHost  # noqa: PLC0415 - paramiko is slow to load

    return SshHost(host_named(places, name), places.hosts, mark)
