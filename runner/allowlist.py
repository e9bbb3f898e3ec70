"""What the owner of the server lets this runner do: entries, and how they are told apart."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from deployr.fields import AbsolutePath, Branch, Name, RepoUrl
from deployr.wire import DEFAULT_ENVIRONMENT, ProjectId

from .errors import ConfigError

User = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]


class Allow(BaseModel):
    """One thing that the owner of the server lets this runner do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: Name
    project_id: ProjectId | None = None
    """Of the backend: keeps projects of one name apart; None takes whichever has the name."""
    repo: RepoUrl
    branches: tuple[Branch, ...]
    path: AbsolutePath
    environment: Name = DEFAULT_ENVIRONMENT
    user: User | None = None
    """Who builds it and runs its hooks, instead of build_user: keeps projects apart."""

    @property
    def key(self) -> str:
        """What its directories and the owner's commands call the project: `shop`, or `shop@7`.

        No name of a project has an @.
        """
        return self.project if self.project_id is None else f"{self.project}@{self.project_id}"

    @property
    def title(self) -> str:
        """What people read."""
        return f"{self.key} ({self.environment})"

    @property
    def words(self) -> list[str]:
        """The options that name the project to `deployr-runner allow add`."""
        number = [] if self.project_id is None else ["--project-id", str(self.project_id)]
        return ["--project", self.project, *number]

    def is_called(self, project: str) -> bool:
        """Tell whether the owner may mean it by `project`."""
        return project in {self.project, self.key}


def entry_named(allow: Iterable[Allow], project: str, environment: str) -> Allow:
    """Return the entry of `shop` or `shop@7`. Raises ConfigError when there is none, or several."""
    known = list(allow)
    found = [each for each in known if each.is_called(project) and each.environment == environment]
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(each.key for each in found)
        raise ConfigError(f"there are several {project} ({environment}), so say which one: {keys}")
    listed = ", ".join(each.title for each in known) or "nothing yet"
    raise ConfigError(
        f"{project} ({environment}) is not on this runner's list, which has: {listed}; "
        "see `deployr-runner allow add --help`"
    )


def merged(allow: Iterable[Allow], entry: Allow) -> tuple[Allow, ...]:
    """Return the list with `entry` at its end; of an entry that is known it adds branches.

    That one keeps its user and its project's id unless others are given. Raises ConfigError when
    the entry contradicts another one.
    """
    others = []
    for known in allow:
        if _is_same(known, entry):
            branches = tuple(dict.fromkeys((*known.branches, *entry.branches)))
            kept = {
                "branches": branches,
                "user": entry.user or known.user,
                "project_id": entry.project_id or known.project_id,
            }
            entry = entry.model_copy(update=kept)
        else:
            others.append(known)
    check_conflicts(others, entry)
    return (*others, entry)


def check_conflicts(others: Iterable[Allow], entry: Allow) -> None:
    """Raise ConfigError when a project would have two places, or a place two projects."""
    for other in others:
        if _are_one(other, entry):
            raise ConfigError(
                f"{other.title} is already allowed from {other.repo} to {other.path}; run "
                f"`deployr-runner allow remove --project {other.key} --environment "
                f"{other.environment}` first, or tell two projects of one name apart: add both "
                "with --project-id"
            )
        if _overlap(other.path, entry.path):
            raise ConfigError(
                f"{entry.path} and {other.path} of {other.key} overlap: "
                "each project needs a directory of its own"
            )


def _is_same(known: Allow, entry: Allow) -> bool:
    free = {"branches": entry.branches, "user": entry.user, "project_id": entry.project_id}
    return _are_one(known, entry) and known.model_copy(update=free) == entry


def _are_one(one: Allow, other: Allow) -> bool:
    """Tell whether a job could be meant by both."""
    if (one.project, one.environment) != (other.project, other.environment):
        return False
    return None in {one.project_id, other.project_id} or one.project_id == other.project_id


def _overlap(one: str, other: str) -> bool:
    # To PurePosixPath //srv is another place than /srv; to Linux it is not.
    first, second = (PurePosixPath("/", path.lstrip("/")) for path in (one, other))
    return first.is_relative_to(second) or second.is_relative_to(first)
