"""A database trigger that refuses what `deployr.states` calls no legal transition of a job.

It stands in every test database, so that no test can let a job go from one state to another that
may not follow, whatever statement does it.
"""

from sqlalchemy import Connection, text

from deployr.states import TRANSITIONS

_WHAT = "illegal transition of a job"


def forbid_illegal_transitions(connection: Connection) -> None:
    """Create the trigger."""
    legal = " OR ".join(
        f"(OLD.status = '{old}' AND NEW.status = '{new}')"
        for old, follow in TRANSITIONS.items()
        for new in sorted({old, *follow})
    )
    if connection.dialect.name == "sqlite":
        body = f"WHEN NOT ({legal}) BEGIN SELECT RAISE(ABORT, '{_WHAT}'); END"
    else:
        signal = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_WHAT}'"
        body = f"IF NOT ({legal}) THEN {signal}; END IF"
    start = "CREATE TRIGGER legal_transition BEFORE UPDATE ON deployment_jobs FOR EACH ROW"
    connection.execute(text(f"{start} {body}"))
