"""The steps of a deployment, in one module a stage."""

from .activate import Activate, Confirm, Health, Prune
from .assets import Assets
from .build import Build
from .default_health import DefaultHealth
from .maintenance import BeginMaintenance, EndMaintenance, Recover, was_left_down
from .migrate import Migrate
from .preflight import Preflight
from .release import Hooks, Link, Release
from .restart import Restart
from .rollback import Goal
from .smoke import Smoke
from .source import Checkout, Fetch
from .step import Step, as_lines
from .writable import Writable

__all__ = [
    "Activate",
    "Assets",
    "BeginMaintenance",
    "Build",
    "Checkout",
    "Confirm",
    "DefaultHealth",
    "EndMaintenance",
    "Fetch",
    "Goal",
    "Health",
    "Hooks",
    "Link",
    "Migrate",
    "Preflight",
    "Prune",
    "Recover",
    "Release",
    "Restart",
    "Smoke",
    "Step",
    "Writable",
    "as_lines",
    "was_left_down",
]
