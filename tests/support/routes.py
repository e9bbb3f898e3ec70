"""Every route of the backend, and who may call it: a new one must be added here."""

import re
from dataclasses import dataclass, field
from typing import Any

from deployr.roles import Role, Scope
from tests.factories import REPO

READ, DEPLOY, ADMIN = Scope.READ, Scope.DEPLOY, Scope.ADMIN
VIEWER, DEPLOYER, OWNER = Role.VIEWER, Role.DEPLOYER, Role.OWNER


class Id(str):
    """Stands in a body for the World's id of this name."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a caller must be."""

    kind: str
    """`public`, `user`, `runner`, `tick`; `session`: a browser, others are led to the sign-in;
    `optional`: a user, or a body that makes up for him; `page`: a browser, or nobody."""
    scope: Scope = READ
    role: Role | None = None
    """In Ada's projects; less is 403, none is 404."""
    only: frozenset[str] = frozenset()
    """The actors for whom the thing exists; 404 for all others."""
    also: frozenset[str] = frozenset()
    """Actors who may although their role is too small: it is their own thing."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path, and a request that succeeds for whoever may make it."""

    method: str
    path: str
    needs: Needs
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """Names of a World's ids, for names in the path that mean another one."""
    answers: tuple[int, ...] = (200, 201)
    """To whoever may call it."""

    def url(self, ids: dict[str, int]) -> str:
        """Return the path with a World's ids in it."""
        meant = ids | {name: ids[other] for name, other in self.ids.items()}
        return self.path.format_map(
            meant | {"filename": "home.css", "name": "runner-requirements.txt"}
        )

    def content(self, ids: dict[str, int]) -> Any:
        """Return the body with a World's ids in it."""
        return {
            name: ids[value] if isinstance(value, Id) else value
            for name, value in self.body.items()
        }


def in_general(path: str) -> str:
    """`/api/jobs/<id:job_id>` and `/api/jobs/{job}` name the same route."""
    return re.sub(r"[<{][^>}]*[>}]", "{}", path)


def get(path: str, needs: Needs, **more: Any) -> Route:
    """Return a GET."""
    return Route(method="GET", path=path, needs=needs, **more)


def post(path: str, needs: Needs, **more: Any) -> Route:
    """Return a POST."""
    return Route(method="POST", path=path, needs=needs, **more)


def anyone() -> Needs:
    """No token is asked for."""
    return Needs(kind="public")


def user(scope: Scope) -> Needs:
    """Any user: it concerns himself."""
    return Needs(kind="user", scope=scope)


def member(role: Role, scope: Scope, *also: str) -> Needs:
    """Whoever has a role in the project, and `also` those whose own thing it is."""
    return Needs(kind="user", scope=scope, role=role, also=frozenset(also))


def just(*actors: str, scope: Scope = ADMIN) -> Needs:
    """A user to whom the thing belongs."""
    return Needs(kind="user", scope=scope, only=frozenset(actors))


def browser(*actors: str) -> Needs:
    """A browser that is signed in, or one of these."""
    return Needs(kind="session", only=frozenset(actors))


def runner(*actors: str) -> Needs:
    """Any runner, or one of these."""
    return Needs(kind="runner", only=frozenset(actors))


P, J, R = "/api/projects/{project}", "/api/jobs/{job}", "/api/runners/{runner}"
MEMBER, INVITED = f"{P}/members/{{user}}", f"{P}/invitations/{{invitation}}"
LENDER = Needs(kind="user", scope=ADMIN, role=DEPLOYER, only=frozenset({"deployer"}))
ONE_RUNNER = {"name": "new-one", "instance_id": "one"}
ROUTES = (
    get("/", Needs(kind="page")),
    get("/static/{filename}", anyone()),
    get("/install-runner.sh", anyone(), answers=(200, 503)),
    get("/dist/{name}", anyone(), answers=(200, 404)),
    get("/login", Needs(kind="page"), answers=(200, 302)),
    get("/auth/github", anyone(), answers=(503,)),
    get("/auth/github/callback", Needs(kind="page"), answers=(400,)),
    post("/logout", browser(), answers=(303,)),
    get("/account", browser()),
    post("/account/sessions/{session}/revoke", browser("owner's browser"), answers=(303,)),
    post("/account/sessions/revoke", browser(), answers=(303,)),
    get("/api/health", anyone()),
    get("/api/ready", anyone()),
    get("/api/openapi.json", anyone()),
    post("/api/tick", Needs(kind="tick")),
    get("/api/auth/github", anyone()),
    post("/api/auth/github", anyone(), body={"access_token": "x"}, answers=(503,)),
    get("/api/user", user(READ)),
    get("/api/tokens", user(READ)),
    post("/api/tokens", user(ADMIN), body={"name": "ci", "scope": "read", "expires_in_days": 1}),
    post("/api/tokens/{token}/revoke", just("owner")),
    get("/api/audit", user(READ)),
    get("/api/projects", user(READ)),
    post("/api/projects", user(ADMIN), body={"name": "mine", "repo_url": REPO}),
    get(P, member(VIEWER, READ)),
    post(P, member(OWNER, ADMIN), body={"branch": "changed"}),
    post(f"{P}/delete", member(OWNER, ADMIN), ids={"project": "idle"}),
    get(f"{P}/releases", member(VIEWER, READ)),
    get(f"{P}/members", member(VIEWER, READ)),
    post(MEMBER, member(OWNER, ADMIN), body={"role": "deployer"}),
    post(f"{MEMBER}/delete", member(OWNER, ADMIN, "viewer")),
    get(f"{P}/invitations", member(OWNER, READ)),
    post(f"{P}/invitations", member(OWNER, ADMIN), body={"github_login": "eve", "role": "viewer"}),
    post(f"{INVITED}/delete", member(OWNER, ADMIN)),
    get("/api/invitations", user(READ)),
    post("/api/invitations/{invitation}/accept", just("invited")),
    post("/api/invitations/{invitation}/decline", just("invited")),
    get("/api/jobs", user(READ), query={"limit": "100"}),
    post("/api/jobs", member(DEPLOYER, DEPLOY), body={"project_id": Id("project")}),
    get(J, member(VIEWER, READ)),
    post(f"{J}/cancel", member(DEPLOYER, DEPLOY)),
    get("/api/runners", user(READ)),
    post("/api/runners/codes", user(ADMIN)),
    post(f"{R}/revoke", just("owner")),
    post(f"{R}/share", LENDER, ids={"runner": "spare"}, body={"project_id": Id("idle")}),
    post(
        f"{R}/unshare",
        member(OWNER, ADMIN, "deployer"),
        ids={"runner": "shared"},
        body={"project_id": Id("idle")},
    ),
    post("/api/runner/register", Needs(kind="optional", scope=ADMIN), body=ONE_RUNNER),
    post("/api/runner/token", runner()),
    get("/api/runner/jobs", runner()),
    post(
        "/api/runner/jobs/{job}/status",
        runner("runner", "shared runner"),
        body={"status": "running", "claim_id": "claim-1"},
    ),
)
