"""How a registered host and what it can do are shown to people."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..hosts.book import HostEntry, fingerprint
from ..hosts.host import Probe

_SHELLS = {
    "full": "full",
    "jailed": "jailed: only the programs below",
    "none": "none: SFTP alone, so nothing can be run there",
}
_UNITS = ("KiB", "MiB", "GiB", "TiB")


def public(entry: HostEntry) -> dict[str, Any]:
    """Return a host as JSON has it, without what proves us."""
    plain = entry.model_dump(mode="json", include={"name", "host", "port", "user", "key"})
    pinned = fingerprint(entry.host_key) if entry.host_key else None
    jump = [hop.address for hop in entry.jump]
    return {**plain, "login": entry.login, "fingerprint": pinned, "jump": jump}


def line(entry: HostEntry) -> str:
    """Return a host as one line."""
    proof = f"key {entry.key}" if entry.key else entry.login
    way = f", by way of {' and '.join(hop.address for hop in entry.jump)}" if entry.jump else ""
    pinned = f", {fingerprint(entry.host_key)}" if entry.host_key else ""
    return f"{entry.name}: {entry.address} by {proof}{way}{pinned}"


def table(probe: Probe) -> str:
    """Return what a host can do, a line each."""
    return "\n".join(f"  {name:<12} {value}" for name, value in _rows(probe))


def _rows(probe: Probe) -> Iterator[tuple[str, str]]:
    yield "shell", _SHELLS[probe.shell]
    yield "home", probe.home + ("" if probe.can_write else " (can't be written to)")
    if probe.shell != "none":
        yield "programs", " ".join(sorted(probe.tools - {"cp -al", "mv -T"})) or "none"
        yield "PHP", _versions(probe.php)
        yield "Node", _versions(probe.node)
        yield "system", f"{probe.machine or 'unknown'}, glibc {probe.glibc or 'unknown'}"
        yield "hard links", "yes" if probe.hard_links else "no"
    yield "symlinks", "yes" if probe.symlinks else "no, so nothing can be deployed there"
    if probe.free_bytes is not None:
        inodes = "" if probe.free_inodes is None else f", {probe.free_inodes} files"
        yield "free", f"{_size(probe.free_bytes)}{inodes}"


def _versions(found: Mapping[str, str]) -> str:
    pairs = sorted(found.items(), key=lambda pair: [int(part) for part in pair[0].split(".")])
    return ", ".join(f"{version} ({path})" for version, path in pairs) or "none"


def _size(count: int) -> str:
    value, unit = count / 1024, _UNITS[0]
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f} {unit}"
