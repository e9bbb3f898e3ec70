"""What a deployment leaves to the next one of the same app, so that it need not be made again."""

from .reuse import Reuse
from .store import Store

__all__ = ["Reuse", "Store"]
