"""Ways into an account, and what is hard to carry there."""

import subprocess

import pytest

from runner.hosts.host import HostError

everywhere = pytest.mark.parametrize("place", ["full", "jailed", "local", "bash"], indirect=True)
unprivileged = pytest.mark.parametrize("place", ["full", "jailed"], indirect=True)
here = pytest.mark.parametrize("place", ["local", "bash"], indirect=True)

NAMES = (
    "two\nlines",
    'it\'s "all" $HOME `id` $(id)',
    "-n",
    "no-utf-8-\udcff\udce9",
    "back\\slash\\c\\n",
    " * ",
)
BINARY = bytes(range(256)) * 40 + b"\n\n\0no end of line"


class Bash:
    """Runs scripts by bash, as /bin/sh is at most hosters."""

    name = "bash"

    def __init__(self, path="/usr/bin:/bin"):
        self._path = path

    def ask(self, script, stdin=()):
        done = subprocess.run(
            ["sh", "-c", script],
            executable="/bin/bash",
            input=b"".join(stdin),
            env={"PATH": self._path},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise HostError(done.stderr.decode(errors="replace"))
        return done.stdout


class Between:
    """Counts what is asked for, and may change what is sent."""

    def __init__(self, host, change=None):
        self.asked = 0
        self._host = host
        self._change = change or (lambda stdin: stdin)

    def ask(self, script, stdin=()):
        self.asked += 1
        return self._host.ask(script, self._change(stdin))


def names_in(root):
    return sorted(each.name for each in root.iterdir())
