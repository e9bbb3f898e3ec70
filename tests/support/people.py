"""Who makes requests in a world of two tenants: people of every role, runners of every kind."""

from dataclasses import dataclass
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app import cookies
from app.csrf import FIELD, csrf_token
from app.extensions import db
from app.models import ApiToken, Invitation, ProjectMember, RunnerShare, User
from app.models.user import BLOCKED
from app.services import sessions
from deployr.roles import Role, Scope
from deployr.tokens import TokenKind, digest, make_token
from tests.support.backend import START, Api

ADA = frozenset({"owner", "deploy token", "read token"})
OWNERS = ADA | {"co-owner"}
MEMBERS = OWNERS | {"viewer", "deployer"}
PEOPLE = {
    "root": {"admin"},
    "ada": ADA,
    "zoe": {"stranger"},
    "vic": {"viewer"},
    "dan": {"deployer"},
    "olga": {"co-owner"},
    "ivy": {"invited"},
}
"""Users, and the actors that each of them is; the first one is the admin of the backend."""

JOINED = {"vic": Role.VIEWER, "dan": Role.DEPLOYER, "olga": Role.OWNER}
KNOWN_TO = dict.fromkeys(("ada", *JOINED), MEMBERS) | {"ivy": OWNERS}
"""Who else meets a user's names: those who share a project with him, or invited him."""

ROLES = {"viewer": Role.VIEWER, "deployer": Role.DEPLOYER} | dict.fromkeys(OWNERS, Role.OWNER)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who makes requests."""

    api: Api
    kind: str = "user"
    """Or `nobody`, `browser`, `runner`, `cron`, `dead user`, `dead runner`: these had a token."""
    scope: Scope = Scope.ADMIN
    role: Role | None = None
    """In Ada's projects."""


@dataclass(frozen=True, kw_only=True)
class BrowserApi(Api):
    """Makes requests with the cookie of a session, and sends the forms of our pages."""

    csrf: str

    def get(self, path: str, **query: object) -> TestResponse:
        """GET a page."""
        return self._client().get(path, query_string=query, headers=self._headers())

    def post(self, path: str, body: object = None, **fields: object) -> TestResponse:
        """POST a form to a page, JSON to the API."""
        api = path.startswith("/api/")
        sent = {"json": body} if api else {"data": {FIELD: self.csrf} | fields}
        return self._client().post(path, headers=self._headers(), **sent)

    def _client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"{cookies.SESSION}={self.token}"}


def browser_of(user: Api, agent: str) -> BrowserApi:
    """Let a browser in, as after a sign-in."""
    with user.app.test_request_context():
        secret = sessions.begin(user.id, agent)
        session = sessions.by_secret(secret)
        assert session is not None
        return BrowserApi(app=user.app, token=secret, id=session.id, csrf=csrf_token(session))


def identify(user_id: int, called: str, login: str) -> None:
    """Give a user a handle, and a GitHub account."""
    names = {"handle": called, "github_login": login, "github_id": f"{1000 + user_id}"}
    db.session.execute(update(User).where(User.id == user_id).values(names))


def block(user_id: int) -> None:
    """Let a user in no more."""
    db.session.execute(update(User).where(User.id == user_id).values(role=BLOCKED))


def join(project_id: int, user_id: int, role: Role) -> None:
    """Make a user a member."""
    member = {"project_id": project_id, "user_id": user_id, "role": role}
    db.session.add(ProjectMember(**member, created_at=START))


def share(runner_id: int, project_id: int) -> None:
    """Share a runner with a project."""
    db.session.add(RunnerShare(runner_id=runner_id, project_id=project_id, created_at=START))


def invite(project_id: int, by: int, user_id: int) -> int:
    """Invite a user, and return the invitation's id."""
    invitation = Invitation(
        project_id=project_id,
        github_login=db.session.scalar(select(User.github_login).where(User.id == user_id)),
        role=Role.VIEWER,
        invited_by=by,
        expires_at=START + timedelta(days=14),
        created_at=START,
    )
    db.session.add(invitation)
    db.session.flush()
    return invitation.id


def token_of(user: Api, name: str, scope: Scope, *, ended: str | None = None) -> Api:
    """Make one more token; `ended` names the column that says that it is no good any more."""
    token = make_token(TokenKind.USER)
    row = ApiToken(
        user_id=user.id,
        name=name,
        token=digest(token),
        scope=scope,
        last_four=token[-4:],
        created_at=START,
    )
    if ended is not None:
        setattr(row, ended, START)
    db.session.add(row)
    db.session.flush()
    return Api(user.app, token, row.id)
