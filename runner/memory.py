"""How much memory Node.js may take for a build."""

from .preflight.disk import MIB
from .preflight.memory import available

LEAST_HEAP = 512
"""MiB; a heap below this fails builds that would just have fitted."""
MOST_HEAP = 4096
"""MiB that Node.js allows itself on a big machine; deploy.yaml may ask for more."""
BESIDE_HEAP = 256
"""MiB that a process needs outside its heap: code, buffers, the compiler's own memory."""


def heap(asked: int | None, free: int) -> int:
    """Return how many MiB Node.js may use for its heap, with `free` bytes to spare.

    That is what deploy.yaml asks for, else what is to spare.
    """
    if asked is not None:
        return asked
    return max(LEAST_HEAP, min(MOST_HEAP, free // MIB - BESIDE_HEAP))


def node_options(asked: int | None) -> dict[str, str]:
    """Return the environment that keeps commands within it."""
    return {"NODE_OPTIONS": f"--max-old-space-size={heap(asked, available())}"}
