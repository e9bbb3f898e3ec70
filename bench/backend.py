"""A served backend that prints no line for each request."""

import logging

from app.config import PREFIX
from tests.support.backend import Api
from tests.support.live import LiveBackend


class BenchBackend(LiveBackend):
    """A backend with default settings on a database of its own; `owner` is its one user."""

    def __init__(self, database_url: str) -> None:
        """Serve on this empty database."""
        super().__init__(**{f"{PREFIX}DATABASE_URL": database_url})
        self.owner = Api(self.app, self.token)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
