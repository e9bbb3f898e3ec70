"""The audit log: who did what, when and from where."""

import click

from ..client import PAGE, Json
from ..projects import project_named
from ..session import Session, json_option, pass_session


@click.command()
@click.option(
    "--project",
    "project_name",
    metavar="NAME",
    envvar="DEPLOYR_PROJECT",
    help="Only in this project, as name or owner/name; default: in all.",
)
@click.option("--act", help="Only events of this kind, as token.created.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), help="Go on where a list has ended.")
@json_option
@pass_session
def audit(
    session: Session,
    *,
    project_name: str | None,
    act: str | None,
    limit: int,
    before: int | None,
) -> None:
    """List who did what, when and from where, newest first.

    You see what concerns your account and the projects in which you are an owner; an admin of the
    backend sees everything. --json also tells the details of each event.

    \b
    Examples:
      deployr audit --limit 50
      deployr audit --project shop --act job.created
    """
    wanted: Json = {"act": act, "limit": limit, "before": before}
    if project_name is not None:
        wanted["project_id"] = project_named(session.client, project_name)["id"]
    page = session.client.get("/api/audit", wanted)
    if session.output.as_json:
        session.output.data(page)
        return
    if not page["events"]:
        session.output.note("Nothing that you may see was done yet.")
        return
    rows = [
        (one["at"], _who(one["actor"]), one["act"], one["thing"], one["address"])
        for one in page["events"]
    ]
    session.output.table(("WHEN", "WHO", "WHAT", "THING", "FROM"), rows)
    if page["next"]:
        session.output.note(f"Older ones: deployr audit --before {page['next']}")


def _who(actor: str) -> str:
    """Return the label of a user without what a reader does not need: `ada` of `user:7 ada`."""
    kind, _, name = actor.partition(" ")
    return name if kind.startswith("user:") and name else actor
