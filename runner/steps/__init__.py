"""The steps of a deployment, in one module a stage."""

from .activate import Activate, Confirm, Health, Prune
from .build import Build, Preflight
from .release import Hooks, Link, Release
from .rollback import Goal
from .source import Checkout, Fetch
from .step import Step

__all__ = [
    "Activate",
    "Build",
    "Checkout",
    "Confirm",
    "Fetch",
    "Goal",
    "Health",
    "Hooks",
    "Link",
    "Preflight",
    "Prune",
    "Release",
    "Step",
]
