"""One module a kind of target."""

from collections.abc import Callable
from pathlib import Path

from deployr.states import Target as TargetKind

from ..accounts import Account
from .target import Commander, Target
from .vps import VpsTarget

TARGETS: dict[TargetKind, Callable[[Path, Account | None], Target]] = {TargetKind.VPS: VpsTarget}

__all__ = ["TARGETS", "Commander", "Target"]
