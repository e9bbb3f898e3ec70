"""Bodies and queries in base64: what a firewall would take for an attack reaches the backend."""

import base64

import pytest

from deployr.wire import wrapped
from tests.factories import REPO, make_project
from tests.support.backend import Api, refusal

BARE = "https://10.0.0.5/me/shop.git"


def packed(text: str) -> dict[str, str]:
    """Return `text`, which need not be JSON, as it would travel."""
    return {"data": base64.b64encode(text.encode()).decode()}


def test_project_is_the_same_as_from_plain_fields(ada):
    plain = ada.write("/api/projects", name="shop", repo_url=BARE)
    made = ada.write("/api/projects", wrapped({"name": "other", "repo_url": BARE}))
    ada.write(f"/api/projects/{made['id']}", wrapped({"name": "package.json", "branch": "it's"}))

    unlike = {"id": made["id"], "name": "package.json", "branch": "it's"}
    unlike["full_name"] = f"{plain['owner_name']}/package.json"
    assert {**plain, **unlike} == ada.read(f"/api/projects/{made['id']}")


def test_repeated_request_may_change_its_form(ada):
    """The Idempotency-Key stands for what is asked, not for how it is written."""
    headers = {"Authorization": f"Bearer {ada.token}", "Idempotency-Key": "k"}
    fields = {"name": "shop", "repo_url": REPO}

    first, again = (
        ada.app.test_client().post("/api/projects", json=body, headers=headers)
        for body in (fields, wrapped(fields))
    )

    assert (201, 200) == (first.status_code, again.status_code)
    assert first.json == again.json


def test_runner_registers(app, ada):
    code = ada.write("/api/runners/codes", {})["code"]

    made = Api(app).post("/api/runner/register", wrapped({"code": code, "name": "web.config"}))

    assert 201 == made.status_code
    assert {"name": "web.config"}.items() <= made.get_json().items()


def test_query_finds_a_name_beside_plain_parameters(ada):
    _, wanted = [make_project(ada, name=name) for name in ("shop", "wp-config.php")]

    query = {**wrapped({"name": "wp-config.php"}), "limit": 1}
    found = ada.read("/api/projects", **query)["projects"]

    assert [wanted] == found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": "?"}, (422, "invalid")),
        (packed("{"), (400, "bad_json")),
        (packed('["name"]'), (422, "invalid")),
        (wrapped(wrapped({"name": "shop", "repo_url": REPO})), (422, "invalid")),
        (wrapped({"name": "shop"}), (422, "invalid")),
        ({**wrapped({"repo_url": REPO}), "name": "shop"}, (422, "invalid")),
        ({"data": 1}, (422, "invalid")),
    ],
)
def test_broken_body(ada, body, expected):
    assert expected == refusal(ada.post("/api/projects", body))


@pytest.mark.parametrize("data", ["?", packed("{")["data"], packed("[]")["data"], ["e30=", "e30="]])
def test_broken_query(ada, data):
    assert (422, "invalid") == refusal(ada.get("/api/projects", data=data))
