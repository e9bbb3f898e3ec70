"""What the build of one job takes over from earlier deployments of the same app."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..recipes.recipe import Carried, Install
from ..shell import Command, CommandFailedError
from . import composer, npm
from .copying import Links, Shape, remove
from .entry import Slot
from .keys import content, key_of, settings
from .manager import Manager
from .store import Found, Store

_MANAGERS: Mapping[str, Manager] = {"npm": npm.MANAGER, "composer": composer.MANAGER}
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock")


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Restores and keeps directories of one checkout; raises only what commands and stops do."""

    store: Store
    project: str
    environment: str
    tree: Path
    env: Mapping[str, str]
    """Environment of the build's commands, without what differs from commit to commit."""
    enabled: bool
    """Whether something is restored; what was built is kept in any case."""

    def install(self, install: Install, run: Callable[[], None]) -> None:
        """Bring the dependencies into the checkout; `run` runs the command itself."""
        manager = _MANAGERS[install.manager]
        key = self._key(manager, install.run)
        if key is None:
            run()
            return
        target = self.tree / manager.directory
        slot = self._slot(manager.directory)
        found = Found.OTHER
        if self.enabled:
            found = self.store.restore(slot, key, target, manager.shape)
        if found is Found.SAME and (not manager.must_finish or self._finished(slot, target, run)):
            return
        run()
        if target.is_dir() and self._is_own(target):
            may_link = found is not Found.ALTERED
            self.store.keep(slot, key, target, manager.shape, may_link=may_link)

    def carry_in(self, carried: Carried) -> None:
        """Give the build what the last one left."""
        target = self.tree / carried.path
        if self.enabled and not target.exists() and self._is_own(target):
            slot = self._slot(carried.path)
            self.store.restore(slot, self._carried_key(), target, _shape(carried))

    def carry_out(self, carried: Carried) -> None:
        """Keep what this build leaves for the next one."""
        source = self.tree / carried.path
        if source.is_dir() and self._is_own(source):
            slot = self._slot(carried.path)
            self.store.keep(slot, self._carried_key(), source, _shape(carried), may_link=False)

    def _finished(self, slot: Slot, target: Path, run: Callable[[], None]) -> bool:
        """Run the command over what was restored; when it fails, give up what was restored."""
        try:
            run()
        except CommandFailedError as error:
            self.store.say(f"{error}; once more without the kept {slot.name}")
            self.store.drop(slot)
            remove(target, self.store.shell.account)
            return False
        return True

    def _key(self, manager: Manager, line: str) -> str | None:
        """Return the key of what `line` will make, or None when it can't be kept."""
        name = manager.directory
        try:
            if obstacle := self._obstacle(manager):
                self.store.say(f"{name}: made anew, as {obstacle}")
                return None
            inputs = manager.inputs(self.tree, self._read)
            return key_of((line.encode(), settings(self.env), *inputs))
        except (OSError, ValueError, LookupError, AttributeError, CommandFailedError) as error:
            self.store.say(f"{name}: made anew, as its sources can't be read: {error}")
            return None

    def _obstacle(self, manager: Manager) -> str | None:
        if os.path.lexists(self.tree / manager.directory):
            return "it is there already"
        return manager.obstacle(self.tree)

    def _read(self, line: str) -> bytes:
        return self.store.shell.read(Command.line(line, self.tree, self.env))

    def _carried_key(self) -> str:
        """Return what says whether dependencies changed; a file that can't be read counts as none."""
        found = []
        for name in _LOCKS:
            with contextlib.suppress(OSError):
                found.append(content(self.tree / name))
        return key_of(found)

    def _is_own(self, path: Path) -> bool:
        """Tell whether `path` is where it seems: links could lead to what is not the app's."""
        return path.resolve() == self.tree.resolve() / path.relative_to(self.tree)

    def _slot(self, path: str) -> Slot:
        return Slot(self.project, self.environment, path)


def _shape(carried: Carried) -> Shape:
    return Shape(links=Links.NEVER, omit=carried.omit)
