"""Somebody who looks at a web page all the time and remembers every answer."""

import threading
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Self

PAUSE_SECONDS = 0.02


class Visitor:
    """Asks for one page in a thread until it is left."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.answers: list[tuple[int, str]] = []
        """Status and text of each answer; 0 and the error's name where there was none."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join()

    def ask(self) -> tuple[int, str]:
        """Return status and text of the page as it is now."""
        try:
            with urllib.request.urlopen(self._url, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, type(error).__name__

    def _look(self) -> None:
        while not self._leaving.is_set():
            self.answers.append(self.ask())
            time.sleep(PAUSE_SECONDS)
