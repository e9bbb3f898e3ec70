"""What comes from elsewhere drives no terminal, and odd surroundings end in one clear line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.config import checked_url
from cli.errors import CliError, ExitCode
from cli.git import without_credentials
from cli.main import _told
from cli.output import Output

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "\x1b]0;owned\x07\x9b31m\x1b[2Jtext"


def test_error_text_is_made_harmless(capsys):
    _told(HOSTILE, HOSTILE, ExitCode.USAGE)

    assert "Error: 31mtext\n31mtext\n" == capsys.readouterr().err


@pytest.mark.parametrize("way", ["line", "note", "failure", "success"])
def test_lines_are_made_harmless(capsys, way, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    getattr(Output(), way)(HOSTILE)

    said = capsys.readouterr()
    assert "31mtext\n" == said.out + said.err


def test_json_holds_no_control_characters(capsys):
    Output().data({"a": HOSTILE})

    printed = capsys.readouterr().out
    assert {"a": HOSTILE} == json.loads(printed)
    assert not set(printed) & set("\x1b\x07\x9b")


def test_reader_that_leaves_is_no_failed_deployment():
    """As in `deployr schema | head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "cli", "schema"]
    done = subprocess.run(argv, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (141, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("url", ["https://[bad", "http://[::1", "https://"])
def test_odd_address_is_a_clear_refusal(url):
    with pytest.raises(CliError, match="is not an address"):
        checked_url(url)


def test_odd_remote_is_left_to_the_check_that_names_it():
    assert "ssh://git@[::1/x" == without_credentials("ssh://git@[::1/x")
