"""The bucket that logs of finished jobs move to."""

from collections.abc import Iterator

from app.clients.logstores import LogStoreError, open_store
from app.config import ConfigError, settings
from app.doctor.finding import Finding, ok, problem, warning

_KEY = "jobs/doctor"
"""Among the logs, where a policy may let us in and nowhere else."""
_PROBE = b"written by flask deployr doctor"


def check_bucket() -> Iterator[Finding]:
    """Whether we may do there what we must: tried with an object.

    Also where logs no longer move there: the earlier ones are still read.
    """
    values = settings()
    if values.s3_bucket is None:
        return
    try:
        store = open_store("s3", values)
        store.put(_KEY, _PROBE)
        read = store.get(_KEY)
        store.delete(_KEY)
    except ConfigError as error:
        yield problem(error.message, "until then finished logs stay where they are")
    except LogStoreError as error:
        yield warning(
            f"The bucket {values.s3_bucket} does not do as it is asked: {error}",
            "let AWS_ACCESS_KEY_ID's owner put, get and delete objects there; until then logs "
            "stay in the database",
        )
    else:
        if read == _PROBE:
            yield ok(f"The bucket {values.s3_bucket} keeps what it is given.")
        else:
            yield problem(
                f"The bucket {values.s3_bucket} gives back something else than it was given.",
                "look at what is between: a proxy, or a rule that changes objects",
            )
