"""The places that an app is deployed to."""

from .target import Commander, Conduct, Target

__all__ = ["Commander", "Conduct", "Target"]
