"""What the owner of the server lets this runner do: entries, and how they are told apart."""

import itertools
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from deployr.fields import AbsolutePath, Branch, Name, RepoUrl
from deployr.wire import DEFAULT_ENVIRONMENT, ProjectId

from .errors import ConfigError

Domain = Annotated[
    str, Field(max_length=253, pattern=r"^([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}$")
]
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
    host: Name | None = None
    """Where `path` is, a name in hosts.toml; None: on this machine."""
    docroot: AbsolutePath | None = None
    """Directory there that the web server serves, for target: cpanel."""
    domain: Domain | None = None
    """Whose document root that is: cPanel may be asked to change it."""
    copy_docroot: bool = False
    """The web server serves nothing behind links: the document root is a copy, exchanged."""

    @field_validator("docroot")
    @classmethod
    def _as_a_link_has_it(cls, path: str | None) -> str | None:
        # With a slash at its end a link looks like the directory that it leads to.
        return path and "/" + "/".join(part for part in path.split("/") if part)

    @model_validator(mode="after")
    def _serves_no_secrets(self) -> Self:
        if self.domain and not self.docroot:
            raise ValueError("--domain needs --docroot, the directory that the domain serves")
        if self.copy_docroot and (self.domain or not self.docroot):
            raise ValueError("--copy-docroot goes with --docroot and without --domain")
        if self.docroot and _overlap(self.docroot, self.path):
            raise ValueError(
                f"the document root {self.docroot} and the path {self.path} overlap: the web "
                "server would serve what is private; choose a path outside of it"
            )
        return self

    @property
    def key(self) -> str:
        """What its directories and the owner's commands call the project: `shop`, or `shop@7`.

        No name of a project has an @.
        """
        return self.project if self.project_id is None else f"{self.project}@{self.project_id}"

    @property
    def is_account(self) -> bool:
        """Whether it goes to a hosting account: `target: cpanel`."""
        return bool(self.host or self.docroot)

    @property
    def title(self) -> str:
        """What people read."""
        return f"{self.key} ({self.environment})"

    @property
    def words(self) -> list[str]:
        """The options that name the project to `deployr-runner allow add`."""
        number = [] if self.project_id is None else ["--project-id", str(self.project_id)]
        return ["--project", self.project, *number]

    @property
    def place(self) -> str:
        """Where it goes, as people read it."""
        served = f", served from {self.docroot}" if self.docroot else ""
        served += f" as {self.domain}" if self.domain else ""
        served += " as a copy" if self.copy_docroot else ""
        return f"{f'{self.host}:' if self.host else ''}{self.path}{served}"

    @property
    def place_words(self) -> list[str]:
        """The options that say to `deployr-runner allow add` where it goes."""
        words = ["--path", self.path]
        for option in ("host", "docroot", "domain"):
            if value := getattr(self, option):
                words += [f"--{option}", value]
        return [*words, "--copy-docroot"] if self.copy_docroot else words

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

    That one keeps its user, its project's id and its document root unless others are given. Raises
    ConfigError when the entry contradicts another one.
    """
    others = []
    for known in allow:
        if _is_same(known, entry):
            branches = tuple(dict.fromkeys((*known.branches, *entry.branches)))
            entry = entry.model_copy(update={**_kept(known, entry), "branches": branches})
        else:
            others.append(known)
    check_conflicts(others, entry)
    return (*others, entry)


def check_conflicts(others: Iterable[Allow], entry: Allow) -> None:
    """Raise ConfigError when a project would have two places, or a place two projects."""
    for other in others:
        if _are_one(other, entry):
            raise ConfigError(
                f"{other.title} is already allowed from {other.repo} to {other.place}; run "
                f"`deployr-runner allow remove --project {other.key} --environment "
                f"{other.environment}` first, or tell two projects of one name apart: add both "
                "with --project-id"
            )
        if clash := _clash(entry, other):
            raise ConfigError(
                f"{clash[0]} and {clash[1]} of {other.key} overlap: "
                "each project needs a directory of its own"
            )


def _is_same(known: Allow, entry: Allow) -> bool:
    free = {**_kept(known, entry), "branches": entry.branches}
    return _are_one(known, entry) and (
        known.model_copy(update=free) == entry.model_copy(update=free)
    )


def _kept(known: Allow, entry: Allow) -> dict[str, object]:
    """Return what a known entry keeps unless the new one says something else."""
    kept = {name: getattr(entry, name) or getattr(known, name) for name in ("user", "project_id")}
    served = entry if entry.docroot else known
    return kept | {name: getattr(served, name) for name in ("docroot", "domain", "copy_docroot")}


def _are_one(one: Allow, other: Allow) -> bool:
    """Tell whether a job could be meant by both."""
    if (one.project, one.environment) != (other.project, other.environment):
        return False
    return None in {one.project_id, other.project_id} or one.project_id == other.project_id


def _clash(entry: Allow, other: Allow) -> tuple[str, str] | None:
    """Return two places of the same machine, one of each, that overlap."""
    if entry.host != other.host:
        return None
    ours, theirs = ([each.path, each.docroot] for each in (entry, other))
    for one, two in itertools.product(ours, theirs):
        if one and two and _overlap(one, two):
            return one, two
    return None


def _overlap(one: str, other: str) -> bool:
    # To PurePosixPath //srv is another place than /srv; to Linux it is not.
    first, second = (PurePosixPath("/", path.lstrip("/")) for path in (one, other))
    return first.is_relative_to(second) or second.is_relative_to(first)
