"""The log hears how far a transfer is, and a stop ends it."""

import pytest

from deployr.states import Reason
from runner.errors import JobFailedError
from runner.stop import StopFlag
from runner.transfer.report import Reported


def test_lines_come_now_and_then_and_at_the_end():
    said: list[str] = []
    now = [0.0]
    with StopFlag() as stop:
        told = Reported(said.append, stop, clock=lambda: now[0])
        told(1, 9, 1024, 9 * 1024**2)
        now[0] = 6.0
        told(5, 9, 3 * 1024**2, 9 * 1024**2)
        told(9, 9, 9 * 1024**2, 9 * 1024**2)
        told.end()

    assert [
        "sent 5 of 9 files, 3.0 of 9.0 MiB",
        "sent 9 files, 9.0 MiB; the rest was there already",
    ] == said


def test_who_sends_is_told_of_a_stop():
    with StopFlag() as stop:
        told = Reported(print, stop)
        told(0, 1, 0, 10)
        stop.set(Reason.CANCELLED)
        with pytest.raises(JobFailedError) as ended:
            told(0, 1, 5, 10)

    assert (Reason.CANCELLED, "cancelled by a user") == (ended.value.reason, ended.value.detail)
