"""A lock on a host that has nothing but files: its owner writes it anew as long as he lives."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import Field

from deployr.wire import Wire, WireError

from ..hosts.host import HostError

REFRESH_SECONDS = 20.0
DEAD_SECONDS = 90.0
"""Who has not written for so long is dead: only our own clock is looked at, never the host's."""
LOOK_SECONDS = 5.0


class LockFiles(Protocol):
    """What the lock needs of `Files`."""

    def read(self, path: str) -> bytes | None: ...
    def write(self, path: str, data: bytes, mode: int = 0o600) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def remove(self, *paths: str) -> None: ...


class Owner(Wire):
    """Who holds a lock."""

    runner: str
    """Which installation."""
    job: int
    nonce: str = ""
    mark: Annotated[str, Field(pattern=r"^([0-9a-f-]{36})?$")] = ""
    """Of what the job started there."""
    beat: int = 0
    """Grows each time that the owner shows that he lives."""


@dataclass(frozen=True)
class Claimant:
    """Who wants the lock."""

    owner: Owner
    is_over: Callable[[Owner], bool]
    """Tells of an owner whether it is surely not at work any more."""
    end: Callable[[Owner], None]
    """Ends what the job of a dead owner has left running. Raises HostError."""


class HostLock:
    """A directory, which only one can rename to its place, with the owner's name in it."""

    def __init__(self, files: LockFiles, path: str, claimant: Claimant) -> None:
        self._files = files
        self._path = path
        self._owner = claimant.owner.model_copy(update={"nonce": secrets.token_hex(8)})
        self._is_over = claimant.is_over
        self._end = claimant.end
        self._refresher: threading.Thread | None = None
        self._ended = threading.Event()

    @property
    def is_held(self) -> bool:
        """Whether it is ours, as far as is known."""
        return self._refresher is not None and not self._ended.is_set()

    def take(self) -> bool:
        """Tell whether it is ours now; may wait until the owner was silent for DEAD_SECONDS.

        Raises HostError.
        """
        if not self._claim():
            seen = self._files.read(self._note)
            if not self._is_dead(seen) or not self._clear(seen) or not self._claim():
                return False
        self._ended.clear()
        self._refresher = threading.Thread(target=self._refresh, daemon=True)
        self._refresher.start()
        return True

    def release(self) -> None:
        """Let others in; harmless when it is not ours. Raises HostError."""
        if self._refresher is None:
            return
        self._ended.set()
        self._refresher.join()
        self._refresher = None
        if not self._is_ours():
            return
        gone = f"{self._path}.old-{self._owner.nonce}"
        try:  # half removed in its place it could be claimed, and the claim be removed then
            self._files.rename(self._path, gone)
        except HostError:
            if self._is_ours():
                raise
        self._files.remove(gone)

    def assure(self) -> None:
        """Raise HostError when another one has it by now: who sleeps for long counts as dead."""
        if self._refresher and not self._is_ours():
            raise HostError(
                "another deployment took over, as this one was not heard of for "
                f"{DEAD_SECONDS:g} s; push again"
            )

    @property
    def _note(self) -> str:
        return f"{self._path}/owner"

    def _claim(self) -> bool:
        """Put a directory with our name in it in place, unless there is one that is not empty."""
        fresh = f"{self._path}.{self._owner.nonce}"
        self._files.write(f"{fresh}/owner", self._owner.to_bytes())
        try:
            self._files.rename(fresh, self._path)
        except HostError:
            self._files.remove(fresh)
            if self._files.read(self._note) is None:
                raise  # nobody's: the host refuses
        return self._is_ours()

    def _is_dead(self, seen: bytes | None) -> bool:
        owner = _owner(seen)
        if owner and self._is_over(owner):
            return True
        begun = time.monotonic()
        while time.monotonic() - begun < DEAD_SECONDS:
            time.sleep(LOOK_SECONDS)
            if self._files.read(self._note) != seen:
                return False
        return True

    def _clear(self, seen: bytes | None) -> bool:
        """Move the dead owner's lock away, unless another one was faster; its commands end first."""
        if owner := _owner(seen):
            self._end(owner)
        old = f"{self._path}.old-{self._owner.nonce}"
        with contextlib.suppress(HostError):  # done, maybe, before the connection broke
            self._files.rename(self._path, old)
        if self._files.read(f"{old}/owner") != seen:
            with contextlib.suppress(HostError):
                self._files.rename(old, self._path)  # of somebody who took it meanwhile
            return False
        self._files.remove(old)
        return True

    def _is_ours(self) -> bool:
        owner = _owner(self._files.read(self._note))
        return owner is not None and owner.nonce == self._owner.nonce

    def _refresh(self) -> None:
        beat = 0
        while not self._ended.wait(REFRESH_SECONDS):
            beat += 1
            try:
                if not self._is_ours():
                    self._ended.set()
                    return
                data = self._owner.model_copy(update={"beat": beat}).to_bytes()
                self._files.write(self._note, data)
            except HostError:
                continue  # the connection comes back, or the job fails on it


def _owner(raw: bytes | None) -> Owner | None:
    try:
        return Owner.from_bytes(raw or b"")
    except WireError:
        return None
