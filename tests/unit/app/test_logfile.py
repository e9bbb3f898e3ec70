"""The log file of a hosted backend: private, bounded, and whole with several writers."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app, logfile
from app.logfile import KEPT, SharedLogFile

WRITERS = 4
LINES = 2000
WRITE = """
import logging, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import logfile  # without the rest of the backend: this is about many short writes
logfile.MAX_BYTES = 3000
logfile.KEPT = 200
handler = logfile.SharedLogFile(Path(sys.argv[2]))
for number in range({lines}):
    handler.emit(logging.makeLogRecord({{"msg": f"{{sys.argv[3]}}-{{number}}"}}))
"""


def record(text):
    return logging.makeLogRecord({"msg": text})


def test_no_line_of_several_processes_is_lost(tmp_path):
    """While each of them moves the file aside."""
    code = WRITE.format(lines=LINES)
    argv = [sys.executable, "-c", code, str(Path(logfile.__file__).parent), str(tmp_path / "log")]
    writers = [
        subprocess.Popen([*argv, str(each)], stderr=subprocess.PIPE) for each in range(WRITERS)
    ]
    assert [b""] * WRITERS == [writer.communicate(timeout=60)[1] for writer in writers]

    files = [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    assert len(files) > 10
    lines = [line for path in files for line in path.read_text().splitlines()]
    assert {f"{w}-{n}" for w in range(WRITERS) for n in range(LINES)} == set(lines)
    assert WRITERS * LINES == len(lines)


def test_old_files_go(tmp_path, monkeypatch):
    monkeypatch.setattr(logfile, "MAX_BYTES", 10)
    handler = SharedLogFile(tmp_path / "log")

    for number in range(20):
        handler.emit(record(f"line {number} of the log"))
    handler.close()

    names = {"log", "log.lock", *(f"log.{number + 1}" for number in range(KEPT))}
    assert names == {path.name for path in tmp_path.iterdir()}
    assert "line 19 of the log\n" == (tmp_path / "log").read_text()
    assert "line 18 of the log\n" == (tmp_path / "log.1").read_text()


@pytest.fixture
def logging_restored():
    """The handler of a file that goes away with the test must not stay."""
    ours = logging.getLogger("app")
    before = ours.handlers
    yield
    for handler in ours.handlers:
        handler.close()
    ours.handlers = before


def test_backend_logs_to_its_file_privately(tmp_path, logging_restored, capsys):
    place = tmp_path / "logs" / "deployr.log"
    app = create_app({"DEPLOYR_DATABASE_URL": "sqlite://", "DEPLOYR_LOG_FILE": str(place)})

    app.test_client().get("/api/health")

    assert '"path": "/api/health"' in place.read_text()
    assert (0o600, 0o700) == (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777)
    assert "" == capsys.readouterr().err


def test_backend_answers_although_its_file_can_not_be_written(tmp_path, logging_restored, capsys):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "deployr.log"
    app = create_app({"DEPLOYR_DATABASE_URL": "sqlite://", "DEPLOYR_LOG_FILE": str(place)})

    assert 200 == app.test_client().get("/api/health").status_code
    said = capsys.readouterr().err
    assert f"DEPLOYR_LOG_FILE: {place} can not be written" in said
    assert '"path": "/api/health"' in said
