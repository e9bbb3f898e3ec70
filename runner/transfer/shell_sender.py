"""Sends trees to hosts with a shell: in one command, or two when things are not as we knew."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..hosts.host import Progress
from .attempt import Attempt, Runs, Shipment, UnusableError
from .cache import Cache, Older
from .feed import SlowError
from .manifest import Manifest
from .sums import Known
from .tree import scan


class ShellSender:
    """As `Sender` says. What a release held is remembered here, so that it is not asked for."""

    def __init__(self, host: Runs, cache: Path) -> None:
        self._host = host
        self._cache = cache
        self._is_slow = False

    def send(
        self,
        tree: Path,
        goal: str,
        previous: str | None,
        progress: Progress,
        *,
        verify: bool = False,
    ) -> None:
        """Make `goal` hold what `tree` holds, as `Sender.send` says.

        A file whose content is the same as in `previous` keeps the time that it has there.
        """
        root, releases, release = goal.rsplit("/", 2)
        cache = Cache(self._cache, root)
        known = Known(cache.sums)
        name = (previous or "").rpartition("/")[2]
        older = cache.load(f"{root}/{releases}/{name}") if name else None
        with ThreadPoolExecutor(1) as pool:
            shipment = Shipment(
                root=tree,
                look=pool.submit(scan, tree),
                goal=goal,
                progress=progress,
                sum_of=known.sum,
                verify=verify,
            )
            sent = self._sent(shipment, older)
        with contextlib.suppress(OSError):  # then the next release is sent whole
            cache.keep(release, sent.text)
            known.save(shipment.look.result(), sent.sums)

    def _sent(self, shipment: Shipment, older: Older | None) -> Manifest:
        while True:
            attempt = Attempt(self._host, shipment, older, is_slow=self._is_slow)
            try:
                return attempt.run()
            except UnusableError:
                older = None
            except SlowError:
                self._is_slow = True
