"""Which release a rollback is to go to, as far as the backend knows; the runner knows better."""

import re
from collections.abc import Sequence

from .client import Json
from .errors import CliError, ExitCode
from .output import short

_WHOLE_NAME = re.compile(r"\d{14}-\d+")
_LEAST_OF_COMMIT = 4
_MOST_NAMED = 10


def chosen(known: Sequence[Json], text: str, environment: str) -> Json:
    """Return the one release that `text` stands for. Raises CliError.

    `known` are the releases of the environment, newest first.
    """
    found = {one["name"]: one for one in reversed(known) if _is_meant(one, text)}
    if exact := found.get(text):
        return exact
    # Those that are gone matter only where nothing else is meant.
    standing = [one for one in found.values() if one["state"] != "pruned"] or [*found.values()]
    if len({one["commit"] for one in standing}) > 1:
        lines = [
            f"  {one['name']}  {short(one['commit'])}  {one['state']}" for one in reversed(standing)
        ]
        message = f"Several releases begin with {text}, or their commits do:"
        raise CliError("\n".join([message, *lines]), "Say more of the one that you mean.")
    if standing:
        return next((one for one in reversed(standing) if one["state"] == "good"), standing[-1])
    if _WHOLE_NAME.fullmatch(text):
        return {"name": text}  # its runner may know it all the same
    raise CliError(
        f"No release in {environment} begins with {text!r}, nor does the commit of one.",
        f"See `deployr releases`; of a commit say at least {_LEAST_OF_COMMIT} characters.",
        code=ExitCode.NOT_FOUND,
    )


def refusal(page: Json, goal: Json) -> CliError | None:
    """Say why going back to `goal`, or without one to the release before, is of no use, or None.

    `page` are the newest releases of the environment and whether there are more.
    """
    known = page["releases"]
    good = [one["name"] for one in known if one["state"] == "good"]
    advice = f"Good ones to go back to: {', '.join(good[:_MOST_NAMED]) or 'none'}."
    if goal:
        is_live = goal.get("state") == "live"
        return CliError(f"The release {goal['name']} is live already.", advice) if is_live else None
    states = [one["state"] for one in known]
    if "live" not in states or page["next"]:
        return None
    live = states.index("live")
    if "good" in states[live:]:
        return None
    return CliError(f"There is no good release before {known[live]['name']}.", advice)


def _is_meant(release: Json, text: str) -> bool:
    if not text:
        return False
    name, commit = str(release["name"]), str(release["commit"])
    by_commit = len(text) >= _LEAST_OF_COMMIT and commit.startswith(text.lower())
    return by_commit or name.startswith(text)
