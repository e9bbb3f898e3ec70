"""How much memory a build may use, in MiB."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")

LEAST_HEAP = 512
"""A heap below this fails builds that would just have fitted."""
MOST_HEAP = 4096
"""What Node.js allows itself on a big machine; deploy.yaml may ask for more."""
BESIDE_HEAP = 256
"""What a process of Node.js needs outside its heap: code, buffers, the compiler's own memory."""


def free(meminfo: str) -> int:
    """Return what /proc/meminfo says is available, swap included; 0 when it does not say."""
    sizes = dict(line.partition(":")[::2] for line in meminfo.splitlines())
    return sum(_mib(sizes.get(name, "")) for name in ("MemAvailable", "SwapFree"))


def needed(asked: int | None) -> int:
    """Return how much must be free for a build, given `build.memory`."""
    return (asked or LEAST_HEAP) + BESIDE_HEAP


def heap(asked: int | None, available: int) -> int:
    """Return what Node.js may use for its heap: what deploy.yaml says, or what is to spare."""
    if asked is not None:
        return asked
    return max(LEAST_HEAP, min(MOST_HEAP, available - BESIDE_HEAP))


def node_options(asked: int | None) -> dict[str, str]:
    """Return the environment that keeps builds within it."""
    available = free(MEMINFO.read_text(encoding="ascii"))
    return {"NODE_OPTIONS": f"--max-old-space-size={heap(asked, available)}"}


def _mib(size: str) -> int:
    kib = size.strip().removesuffix(" kB")
    return int(kib) // 1024 if kib.isdigit() else 0
