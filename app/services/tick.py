"""What cron does for the backend: chores of everybody, and work that needs the network."""

import logging
import time
from dataclasses import dataclass

from app.clients.logstores import LogStoreError
from app.config import ConfigError
from app.services import archive, chores, outbox

_BITE = 20
_logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Ticked:
    """What one tick has done."""

    logs_moved: int = 0
    outbox_done: int = 0
    failed: int = 0


def tick(seconds: float) -> Ticked:
    """Work through what is due for about `seconds`; what fails is tried again by a later tick."""
    until = time.monotonic() + seconds
    done = Ticked()
    chores.tend(None)
    for job_id in archive.due(_BITE):
        if time.monotonic() > until:
            return done
        _move(job_id, done)
    for row in outbox.due(_BITE):
        if time.monotonic() > until:
            return done
        if outbox.work(row):
            done.outbox_done += 1
        else:
            done.failed += 1
    return done


def _move(job_id: int, done: Ticked) -> None:
    try:
        moved = archive.move(job_id)
    except (LogStoreError, ConfigError) as error:
        _logger.warning("the log of job %s could not be moved: %s", job_id, error)
        moved = False
    if moved:
        done.logs_moved += 1
    else:
        done.failed += 1
