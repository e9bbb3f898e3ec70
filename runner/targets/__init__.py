"""The places that an app is deployed to."""

from .target import Commander, Target

__all__ = ["Commander", "Target"]
