"""What can be known to go wrong before any work is done: small checks that change nothing."""

from .finding import Finding, problem, problems_of, warning, warnings_of

__all__ = ["Finding", "problem", "problems_of", "warning", "warnings_of"]
