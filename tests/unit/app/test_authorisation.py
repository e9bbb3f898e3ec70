"""Who may call what: every route with no token, a wrong one, the wrong kind, another's thing."""

import pytest

from app.auth import declared
from app.extensions import db
from deployr.tokens import TokenKind, make_token
from tests.factories import REPO, claim, make_invitation, make_job, make_project, make_runner
from tests.support.backend import Api, refusal

USER_ROUTES = [
    ("GET", "/api/user"),
    ("GET", "/api/audit"),
    ("POST", "/api/projects"),
    ("GET", "/api/projects"),
    ("GET", "/api/projects/{project}"),
    ("POST", "/api/projects/{project}"),
    ("POST", "/api/projects/{project}/delete"),
    ("GET", "/api/projects/{project}/releases"),
    ("GET", "/api/projects/{project}/members"),
    ("POST", "/api/projects/{project}/members/{user}"),
    ("POST", "/api/projects/{project}/members/{user}/delete"),
    ("GET", "/api/projects/{project}/invitations"),
    ("POST", "/api/projects/{project}/invitations"),
    ("POST", "/api/projects/{project}/invitations/{invitation}/delete"),
    ("GET", "/api/invitations"),
    ("POST", "/api/invitations/{invitation}/accept"),
    ("POST", "/api/invitations/{invitation}/decline"),
    ("POST", "/api/jobs"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/{job}"),
    ("POST", "/api/jobs/{job}/cancel"),
    ("GET", "/api/runners"),
    ("POST", "/api/runners/codes"),
    ("POST", "/api/runners/{runner}/revoke"),
    ("POST", "/api/runners/{runner}/share"),
    ("POST", "/api/runners/{runner}/unshare"),
    ("GET", "/api/tokens"),
    ("POST", "/api/tokens"),
    ("POST", "/api/tokens/{token}/revoke"),
]
RUNNER_ROUTES = [
    ("GET", "/api/runner/jobs"),
    ("POST", "/api/runner/token"),
    ("POST", "/api/runner/jobs/{job}/status"),
]
BODIES = {
    "/api/projects": {"name": "mine", "repo_url": REPO},
    "/api/projects/{project}": {"branch": "evil"},
    "/api/tokens": {"name": "ci", "scope": "read"},
    "/api/projects/{project}/members/{user}": {"role": "viewer"},
    "/api/projects/{project}/invitations": {"github_login": "mallory", "role": "owner"},
    "/api/runners/{runner}/share": {"project_id": 1},
    "/api/runners/{runner}/unshare": {"project_id": 1},
    "/api/runner/jobs/{job}/status": {"status": "running", "claim_id": "claim-1"},
}
OWNED = [route for route in USER_ROUTES + RUNNER_ROUTES if "{" in route[1]]


def _call(api, route, ids):
    method, path = route
    target = path.format(**ids)
    return api.get(target) if method == "GET" else api.post(target, BODIES.get(path, {}))


@pytest.fixture
def ids(ada, runner):
    project = make_project(ada)
    job = make_job(ada, project)
    claim(runner, job)
    token = ada.write("/api/tokens", name="ci", scope="read")
    things = {"project": project, "job": job, "token": token}
    things["invitation"] = make_invitation(ada, project, "carol")
    found = {name: thing["id"] for name, thing in things.items()}
    return found | {"runner": runner.id, "user": ada.id}


def test_matrix_holds_every_route_that_needs_a_token(app):
    routes = {
        (method, rule.rule.replace("<id:", "{").replace("_id>", "}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if declared(app.view_functions[rule.endpoint]) in {"user", "runner"}
    }

    assert set(USER_ROUTES + RUNNER_ROUTES) == routes


@pytest.mark.parametrize("route", USER_ROUTES + RUNNER_ROUTES)
def test_without_a_token_nothing_is_shown(anyone, ids, route):
    answer = _call(anyone, route, ids)

    assert (401, "unauthorized") == refusal(answer)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", USER_ROUTES + RUNNER_ROUTES)
def test_unknown_tokens_are_refused(app, ids, route):
    kind = TokenKind.USER if route in USER_ROUTES else TokenKind.RUNNER
    for token in (make_token(kind), "nonsense", make_token(kind)[:-1] + "!"):
        assert (401, "unauthorized") == refusal(_call(Api(app, token), route, ids))


@pytest.mark.parametrize("route", USER_ROUTES + RUNNER_ROUTES)
def test_the_wrong_kind_of_token_is_refused(ada, runner, ids, route):
    wrong = runner if route in USER_ROUTES else ada

    assert (403, "wrong_token") == refusal(_call(wrong, route, ids))


@pytest.mark.parametrize("route", OWNED)
def test_things_of_another_user_are_not_found(bob, ids, route):
    stranger = bob if route in USER_ROUTES else make_runner(bob)

    assert (404, "not_found") == refusal(_call(stranger, route, ids))


def test_lists_hold_only_ones_own_things(bob, ids):
    assert [] == bob.read("/api/projects")["projects"]
    assert [] == bob.read("/api/jobs")["jobs"]
    assert [] == bob.read("/api/runners")["runners"]
    assert [] == bob.read("/api/invitations")["invitations"]


def test_jobs_of_another_users_project_are_not_listed(bob, ids):
    answer = bob.get("/api/jobs", project_id=ids["project"])

    assert (404, "not_found") == refusal(answer)


def test_strangers_leave_no_trace(ada, bob, ids):
    for route in OWNED:
        _call(bob if route in USER_ROUTES else make_runner(bob), route, ids)

    job = ada.read(f"/api/jobs/{ids['job']}")
    assert ("running", False) == (job["status"], job["cancel_requested"])
    assert "main" == ada.read(f"/api/projects/{ids['project']}")["branch"]


def test_signs_of_life_are_written_at_most_each_fifteen_seconds(ada, runner, clock):
    runner.read("/api/runner/jobs")
    seen = []
    for _ in range(2):
        clock.move(seconds=14)
        runner.read("/api/runner/jobs")
        seen.append(ada.read("/api/runners")["runners"][0]["last_seen_at"])

    assert ["2026-02-03T18:00:00Z", "2026-02-03T18:00:28Z"] == seen


def test_tokens_are_not_in_the_database(app, ada, runner):
    with app.app_context(), db.engine.connect() as connection:
        rows = [
            str(row._mapping)
            for table in db.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]

    assert not [row for row in rows if ada.token in row or runner.token in row]
