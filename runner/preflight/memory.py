"""Memory for a build: what the machine and the runner's own limits leave."""

from collections.abc import Iterator
from pathlib import Path

from deployr.states import Framework

from .disk import MIB
from .finding import Finding, problem, warning

TIGHT = 1024 * MIB
TOO_LITTLE = 512 * MIB
"""`next build` of a small app was measured to take 575 MiB, 383 MiB with its cache."""


def memory_findings(framework: Framework, have: int) -> list[Finding]:
    """Say whether `have` bytes are too few for the app's build."""
    if framework is not Framework.NEXTJS or have >= TIGHT:
        return []
    advice = (
        f"{have // MIB} MiB of memory and swap are free, and `next build` takes {TOO_LITTLE // MIB}"
        f" to {TIGHT // MIB} MiB: add swap (fallocate -l 2G /swapfile, chmod 600 /swapfile, "
        "mkswap /swapfile, swapon /swapfile)"
    )
    return [problem(advice) if have < TOO_LITTLE else warning(advice)]


def available(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many bytes a build may take: memory, swap, and the limits of our control groups."""
    machine = _table(proc / "meminfo")
    memory, swap = machine["MemAvailable:"] * 1024, machine["SwapFree:"] * 1024
    rooms = [_room(group, swap) for group in _groups(proc, cgroups)]
    return min([memory + swap, *(room for room in rooms if room is not None)])


def _groups(proc: Path, cgroups: Path) -> Iterator[Path]:
    """Yield the control group (version 2) of this process and all above it."""
    for line in (proc / "self/cgroup").read_text(encoding="ascii").splitlines():
        if line.startswith("0::/"):
            own = cgroups / line.removeprefix("0::/")
            yield own
            yield from (above for above in own.parents if above.is_relative_to(cgroups))


def _room(group: Path, swap: int) -> int | None:
    """Return how much a group's members may still take, or None when it has no limit."""
    limit = _number(group / "memory.max")
    if limit is None:
        return None
    used = _number(group / "memory.current") or 0
    cached = _table(group / "memory.stat").get("inactive_file", 0)
    swap_limit = _number(group / "memory.swap.max")
    if swap_limit is not None:
        swap = min(swap, swap_limit - (_number(group / "memory.swap.current") or 0))
    return max(limit - used + cached, 0) + max(swap, 0)


def _number(path: Path) -> int | None:
    text = path.read_text(encoding="ascii").strip() if path.is_file() else "max"
    return None if text == "max" else int(text)


def _table(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}
