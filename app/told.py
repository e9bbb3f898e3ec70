"""How commands at the server's shell tell of a refusal."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.errors import DomainError

P = ParamSpec("P")


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Show a refusal as one line instead of a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(error.detail) from None
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(
                f"the database refuses: {error.orig}\nIs it there, and did `flask db upgrade` run?"
            ) from None

    return run
