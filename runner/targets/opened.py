"""The target of an entry of the owner's list."""

from pathlib import Path

from deployr.states import Reason

from ..accounts import Account
from ..allowlist import Allow
from ..config import Places, instance_id
from ..errors import ConfigError, JobFailedError
from ..hosts.host import Host
from ..hosts.opened import open_host
from ..journal import Journal
from .cpanel import CpanelTarget
from .host_lock import Claimant, Owner
from .target import Conduct, Target
from .vps import VpsTarget


def open_target(
    places: Places, entry: Allow, account: Account | None, journal: Journal, conduct: Conduct
) -> Target:
    """Return where `entry` goes, for the job of `journal`; a host is not connected to yet.

    Raises JobFailedError (`policy_refused`) for a host that is not registered.
    """
    if not entry.is_account:
        return VpsTarget(Path(entry.path), account)
    owner = Owner(runner=instance_id(places), job=journal.job_id, mark=journal.claim_id)
    try:
        host = open_host(places, entry.host, journal.claim_id)
    except ConfigError as error:
        raise JobFailedError(Reason.POLICY_REFUSED, str(error)) from None
    return CpanelTarget(
        host,
        entry,
        claimant=Claimant(
            owner,
            is_over=lambda other: _is_over(other, owner, journal),
            end=lambda other: _end(host, other),
        ),
        work=places.work / str(journal.job_id),
        conduct=conduct,
    )


def _end(host: Host, owner: Owner) -> None:
    if owner.mark and host.probe.shell != "none":
        host.end(owner.mark)


def _is_over(other: Owner, owner: Owner, journal: Journal) -> bool:
    """Tell whether a job of this installation ended, or is ours: it was begun anew."""
    if other.runner != owner.runner:
        return False
    place = journal.directory.with_name(str(other.job))
    known = Journal.read(place) if other.job != owner.job else None
    return known is None or known.end is not None
