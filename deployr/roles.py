"""What a token may do, and what a member of a project may do: words on the wire."""

from enum import StrEnum


class Scope(StrEnum):
    """Of a user's token; each may all that those before it may."""

    READ = "read"  # look at everything that the user can see
    DEPLOY = "deploy"  # also create and cancel jobs
    ADMIN = "admin"  # also change projects, members, runners and tokens

    def covers(self, needed: "Scope") -> bool:
        """Tell whether this scope is enough for what needs `needed`."""
        return _rank(self) >= _rank(needed)


class Role(StrEnum):
    """Of a user in a project; each may all that those before it may."""

    VIEWER = "viewer"  # see it, its jobs, logs and releases
    DEPLOYER = "deployer"  # also deploy, roll back and cancel
    OWNER = "owner"  # also change and delete it, and say who is a member

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role is enough for what needs `needed`."""
        return _rank(self) >= _rank(needed)


def _rank(level: StrEnum) -> int:
    return list(type(level)).index(level)
