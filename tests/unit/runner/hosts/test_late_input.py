"""Input that is sent while the server ends a script's channel."""

import threading

import pytest
from paramiko.common import cMSG_CHANNEL_CLOSE, cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF


def _late(transport, monkeypatch, kind, held):
    """Hold back what a feeder sends of one kind until the server's CLOSE was answered.

    It is there, as the file `held` tells, before the script may end.
    """
    send = transport._send_user_message
    answered, sent = threading.Event(), threading.Event()

    def send_late(message):
        name = message.asbytes()[:1]
        is_late = name == kind and threading.current_thread() is not transport
        if is_late:
            held.touch()
            assert answered.wait(60)
        send(message)
        if name == cMSG_CHANNEL_CLOSE:
            answered.set()
        if is_late:
            sent.set()

    monkeypatch.setattr(transport, "_send_user_message", send_late)
    return sent


@pytest.mark.parametrize("kind", [cMSG_CHANNEL_EOF, cMSG_CHANNEL_DATA], ids=["end", "data"])
def test_input_that_comes_after_the_end_of_a_script_breaks_nothing(host, server, monkeypatch, kind):
    """Two threads: one answers that the script has ended, one still has input for it."""
    host.connect()
    line = host._line[-1]
    with monkeypatch.context() as patch:
        sent = _late(line, patch, kind, server.home / kind.hex())
        script = f"until [ -e ~/{kind.hex()} ]; do sleep 0.05; done; echo out"
        assert b"out\n" == host.ask(script, [b"in"])
        assert sent.wait(60)

    assert b"more" == host.ask("cat", [b"more"])
    assert [line] == host._line, "it is the same connection"
