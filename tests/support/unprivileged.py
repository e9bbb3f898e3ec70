"""Work done as a user without rights: to root no directory is read-only."""

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def open_directory() -> Iterator[Path]:
    """Make a directory of the user nobody that everybody can reach, and remove it again."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def as_nobody(work: Callable[[], object]) -> None:
    """Run `work` in a process of the user nobody. Raises AssertionError when it fails.

    Started by another user than root it runs as that one, who has no rights either.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the parent says so
            traceback.print_exc()
        finally:
            os._exit(code)
    assert 0 == os.waitpid(pid, 0)[1], "it failed as nobody; see the output"
