"""A network between simulated clients and the real app that loses, doubles, delays and reorders."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from werkzeug.test import TestResponse

from tests.support.backend import Api


class Fate(Enum):
    """What happens to one request."""

    SERVED = auto()
    LOST = auto()  # before the server
    UNANSWERED = auto()  # the server did it, the answer is lost
    TWICE = auto()  # served now, and once more whenever the network likes
    LATE = auto()  # not served yet
    ANSWERED_LATE = auto()  # served now, its answer is under way


@dataclass(eq=False, kw_only=True)
class Letter:
    """One request on its way; `read` is what its sender does with the answer."""

    sender: Api
    path: str
    body: dict[str, Any] | None = None
    """None: a GET."""
    headers: dict[str, str] = field(default_factory=dict)
    observe: Callable[[TestResponse], None] = lambda _: None
    """Called for each answer that the server makes, whether it arrives or not."""
    read: Callable[["Letter", TestResponse], None] = lambda *_: None


class Network:
    """Holds the requests and answers that are under way. `contact` is told of each one served."""

    def __init__(self, contact: Callable[[], None]) -> None:
        self._contact = contact
        self.letters: list[Letter] = []
        self.answers: list[tuple[Letter, TestResponse]] = []

    def send(self, letter: Letter, fate: Fate = Fate.SERVED) -> None:
        """Let a letter meet its fate."""
        if fate in {Fate.LATE, Fate.TWICE}:
            self.letters.append(letter)
        if fate in {Fate.LATE, Fate.LOST}:
            return
        answer = self._serve(letter)
        if fate is Fate.ANSWERED_LATE:
            self.answers.append((letter, answer))
        elif fate is not Fate.UNANSWERED:
            letter.read(letter, answer)

    def deliver(self, nth: int, *, again: bool = False) -> None:
        """Serve a letter that is under way, and keep it there if it is to come `again`."""
        letter = self.letters[nth % len(self.letters)]
        if not again:
            self.letters.remove(letter)
        self.answers.append((letter, self._serve(letter)))

    def hand_over(self, nth: int) -> None:
        """Give its sender an answer that is under way."""
        letter, answer = self.answers.pop(nth % len(self.answers))
        letter.read(letter, answer)

    def calm_down(self) -> None:
        """Deliver all that is under way."""
        while self.letters:
            self.deliver(0)
        while self.answers:
            self.hand_over(0)

    def _serve(self, letter: Letter) -> TestResponse:
        self._contact()
        headers = {"Authorization": f"Bearer {letter.sender.token}", **letter.headers}
        client = letter.sender.app.test_client()
        method = "GET" if letter.body is None else "POST"
        answer = client.open(letter.path, method=method, json=letter.body, headers=headers)
        assert answer.status_code < 500, answer.text
        letter.observe(answer)
        return answer
