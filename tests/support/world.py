"""A backend with two tenants, Ada and Zoe, and all who may want something of Ada's."""

from collections.abc import Set as AbstractSet

from flask import Flask

from app import create_app
from app.extensions import db
from deployr.roles import Role, Scope
from deployr.tokens import TokenKind, make_token
from tests.factories import make_runner, make_user
from tests.support.backend import Api, Clock
from tests.support.canaries import Canaries
from tests.support.databases import at, empty_database
from tests.support.people import (
    ADA,
    JOINED,
    KNOWN_TO,
    MEMBERS,
    PEOPLE,
    ROLES,
    Actor,
    block,
    browser_of,
    identify,
    invite,
    join,
    share,
    token_of,
)
from tests.support.snapshot import Snapshot
from tests.support.tenant import LABEL, Owner, Tenant

TICK = "a-token-for-the-cron-of-tests"
GUESTS = {"runner", "shared runner", "invited"}


class World:
    """`actors` by name, and `ids` of what the paths of routes name."""

    def __init__(self, kind: str, **config: object) -> None:
        self.clock = Clock()
        own = {"TESTING": True, "CLOCK": self.clock, "DEPLOYR_TICK_TOKEN": TICK}
        self.app = create_app(at(empty_database(kind)) | own | config)
        self.canaries = Canaries()
        self.users = {name: self._user(name) for name in PEOPLE}
        self.ada = self._settle("ada", ADA, MEMBERS, GUESTS)
        self.zoe = self._settle("zoe", {"stranger"}, {"stranger"}, {"foreign runner"})
        name = self.canaries.make("dans-runner", MEMBERS | {"shared runner"}, audited=True)
        self.shared = make_runner(self.users["dan"], name, hostname=name, labels=[LABEL])
        gone = make_runner(self.users["ada"])
        self.users["ada"].write(f"/api/runners/{gone.id}/revoke")
        self.ids = {
            "project": self.ada.busy["id"],
            "idle": self.ada.idle["id"],
            "job": self.ada.queued["id"],
            "runner": self.ada.runner.id,
            "shared": self.shared.id,
            "spare": make_runner(self.users["dan"]).id,
            "user": self.users["vic"].id,
        }
        self._bea = make_user(self.app, "Bea")
        with self.app.app_context():
            self._open_up()
            self.actors = self._people() | self._tokens() | {"blocked": self._blocked()}
            db.session.commit()
        self.actors |= {
            "runner": Actor(api=self.ada.runner, kind="runner"),
            "shared runner": Actor(api=self.shared, kind="runner"),
            "foreign runner": Actor(api=self.zoe.runner, kind="runner"),
            "revoked runner": Actor(api=gone, kind="dead runner"),
            "made-up runner": Actor(api=_nobodys(self.app, TokenKind.RUNNER), kind="dead runner"),
            "made-up token": Actor(api=_nobodys(self.app, TokenKind.USER), kind="dead user"),
        }
        for name in ("owner", "stranger"):
            browser = browser_of(self.actors[name].api, self.canaries.make("browser", [name]))
            self.actors[f"{name}'s browser"] = Actor(api=browser, kind="browser")
        self.ids["session"] = self.actors["owner's browser"].api.id
        self.snapshot = Snapshot(self.app)

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()

    def _user(self, name: str) -> Api:
        seen = PEOPLE[name] | KNOWN_TO.get(name, set())
        called, login = (
            self.canaries.make(f"{what}-{name}", seen | GUESTS, audited=True)
            for what in ("handle", "login")
        )
        mail = self.canaries.make(f"mail-{name}", PEOPLE[name])
        user = make_user(self.app, called, f"{name}@{mail}.example")
        with self.app.app_context():
            identify(user.id, called, login)
            db.session.commit()
        return user

    def _settle(
        self, name: str, alone: AbstractSet[str], members: AbstractSet[str], guests: set[str]
    ) -> Tenant:
        return Owner(
            api=self.users[name],
            canaries=self.canaries,
            alone=alone,
            members=members,
            guests=guests,
        ).settle()

    def _open_up(self) -> None:
        """Let the members in, share Dan's runner, invite Ivy."""
        for project in (self.ada.busy["id"], self.ada.idle["id"]):
            share(self.shared.id, project)
            for name, role in JOINED.items():
                join(project, self.users[name].id, role)
        ada, ivy = self.users["ada"].id, self.users["ivy"].id
        self.ids["invitation"] = invite(self.ada.busy["id"], ada, ivy)

    def _people(self) -> dict[str, Actor]:
        signed_in = {
            actor: Actor(api=self.users[name], role=ROLES.get(actor))
            for name, actors in PEOPLE.items()
            for actor in actors - {"deploy token", "read token"}
        }
        return signed_in | {
            "anonymous": Actor(api=Api(self.app), kind="nobody"),
            "cron": Actor(api=Api(self.app, TICK), kind="cron"),
        }

    def _tokens(self) -> dict[str, Actor]:
        """Give Ada more tokens: weaker ones, dead ones, and one for others to want."""
        made = {}
        for scope in (Scope.READ, Scope.DEPLOY):
            api = token_of(self.users["ada"], self._token_name(), scope)
            made[f"{scope} token"] = Actor(api=api, scope=scope, role=Role.OWNER)
        for ended in ("expires_at", "revoked_at"):
            api = token_of(self.users["ada"], self._token_name(), Scope.ADMIN, ended=ended)
            made[f"token that {ended}"] = Actor(api=api, kind="dead user")
        self.ids["token"] = token_of(self.users["ada"], self._token_name(), Scope.ADMIN).id
        return made

    def _blocked(self) -> Actor:
        """Block an owner of a project, and forget to end his token."""
        join(self.ada.busy["id"], self._bea.id, Role.OWNER)
        block(self._bea.id)
        return Actor(api=self._bea, kind="dead user")

    def _token_name(self) -> str:
        return self.canaries.make("token", ADA, audited=True)


def _nobodys(app: Flask, kind: TokenKind) -> Api:
    return Api(app, make_token(kind))
