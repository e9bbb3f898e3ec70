"""Which runner is meant: one's own by its name, a shared one also as `owner/name`."""

from collections.abc import Sequence

from .client import Client, Json
from .errors import CliError, ExitCode
from .names import is_called


def full_name(runner: Json) -> str:
    """Return `owner/name`."""
    return f"{runner['owner_name']}/{runner['name']}"


def shown(runner: Json) -> str:
    """Return the name by which the user can name the runner: with its owner when it is shared."""
    return str(runner["name"]) if runner["mine"] else full_name(runner)


def runner_named(client: Client, name: str) -> Json:
    """Return the runner of a name that is not revoked, one's own first. Raises CliError."""
    called = [one for one in client.runners() if is_called(full_name(one), name)]
    usable = [one for one in called if not one["revoked_at"]]
    if usable:
        return _only_one(name, usable)
    problem = f"The runner {name} is revoked." if called else f"There is no runner {name}."
    raise CliError(problem, "See `deployr runners`.", code=ExitCode.NOT_FOUND)


def own_runner(client: Client, name: str) -> Json:
    """Return the user's own runner of a name. Raises CliError."""
    runner = runner_named(client, name)
    if runner["mine"]:
        return runner
    message = f"The runner {shown(runner)} is not yours."
    raise CliError(message, f"Ask {runner['owner_name']}.", code=ExitCode.NOT_FOUND)


def runner_for(client: Client, project: Json, name: str) -> Json:
    """Return the runner of a name that may take a project's jobs. Raises CliError."""
    found = [one for one in candidates(client, project) if is_called(full_name(one), name)]
    if found:
        return _only_one(name, found)
    runner, project_name = runner_named(client, name), project["full_name"]
    share_it = f"deployr runners share {runner['name']} --project {project_name}"
    raise CliError(
        f"The runner {shown(runner)} is not shared with {project_name}.",
        f"Share it: {share_it}"
        if runner["mine"]
        else f"Ask {runner['owner_name']} for: {share_it}",
    )


def candidates(client: Client, project: Json) -> list[Json]:
    """Return the runners in sight that may take a project's jobs: its owner's and shared ones."""
    return [
        one
        for one in client.runners()
        if not one["revoked_at"]
        and (one["owner_name"] == project["owner_name"] or project["full_name"] in one["projects"])
    ]


def shared_with(client: Client, project: Json) -> list[str]:
    """Return the names of the runners that are shared with a project."""
    return [shown(one) for one in client.runners() if project["full_name"] in one["projects"]]


def share(client: Client, runner_id: int, project_id: int) -> Json:
    """Let a project's jobs go to a runner and return it."""
    return client.post(f"/api/runners/{runner_id}/share", {"project_id": project_id})


def unshare(client: Client, runner_id: int, project_id: int) -> Json:
    """End that and return the runner."""
    return client.post(f"/api/runners/{runner_id}/unshare", {"project_id": project_id})


def _only_one(name: str, found: Sequence[Json]) -> Json:
    meant = [one for one in found if one["mine"]] or found
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(sorted(full_name(one) for one in meant))
    raise CliError(f"Several runners are named {name}: {names}.", "Name one of them as owner/name.")
