"""`deployr tokens`, and what a machine does with a token that may not everything."""

import json

import pytest

from tests.support.live import HandRunner


@pytest.fixture
def saved(tmp_path):
    """Return the saved token."""
    return lambda: json.loads((tmp_path / "config" / "config.json").read_text())["token"]


@pytest.fixture
def with_token(deployr, monkeypatch, backend):
    """The command line with a token of a scope in its environment, as CI has it."""

    def use(scope, *more):
        made = deployr("tokens", "create", f"ci {scope}", "--scope", scope, *more)
        assert made.code == 0
        monkeypatch.setenv("DEPLOYR_URL", backend.url)
        monkeypatch.setenv("DEPLOYR_TOKEN", made.out.strip())
        return made

    return use


def test_create_prints_the_token_alone_and_the_rest_aside(deployr, backend):
    made = deployr("tokens", "create", "ci", "--scope", "read", "--expires", "7d")

    assert made.out.startswith("dpu_")
    assert 54 == len(made.out)
    assert "The token ci (read) expires 2" in made.err
    assert made.out.strip() not in made.err
    assert 200 == backend.ask("GET", "/api/user", token=made.out.strip()).status_code


def test_list_shows_what_each_token_is_and_never_itself(deployr, backend):
    made = deployr("tokens", "create", "ci", "--scope", "deploy", "--expires", "never").out.strip()

    listed = deployr("tokens")

    assert 0 == listed.code
    newest, first = [line.split() for line in listed.out.splitlines()[1:]]
    assert ["ci", "deploy", f"{made[:8]}…{made[-4:]}", "works", "never", "never"] == newest[1:]
    assert ["●", "first", "admin", "works"] == [first[0], *first[2:4], first[5]]
    for token in (made, backend.token):
        assert token not in listed.out + listed.err


def test_json_is_what_the_backend_said(deployr):
    made = json.loads(deployr("--json", "tokens", "create", "ci", "--scope", "read").out)
    token = made.pop("token")

    assert made == json.loads(deployr("tokens", "list", "--json").out)["tokens"][0]
    assert token.startswith(made["prefix"])
    revoked = json.loads(deployr("tokens", "revoke", "ci", "--yes", "--json").out)
    assert revoked["revoked_at"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_revoke_ends_a_token(deployr, backend, by):
    made = json.loads(deployr("tokens", "create", "ci", "--scope", "read", "--json").out)

    assert 2 == deployr("tokens", "revoke", str(made[by])).code
    done = deployr("tokens", "revoke", str(made[by]), "--yes")

    assert (0, "") == (done.code, done.err)
    assert "✓ Revoked ci (dpu_" in done.out
    assert 401 == backend.ask("GET", "/api/user", token=made["token"]).status_code
    again = deployr("tokens", "revoke", "ci", "--yes")
    assert (4, "Error: The token ci is revoked.") == (again.code, again.err.splitlines()[0])
    assert "revoked" in deployr("tokens").out


def test_name_of_several_tokens_is_never_guessed(deployr):
    ids = [
        json.loads(deployr("tokens", "create", "ci", "--scope", "read", "--json").out)["id"]
        for _ in range(2)
    ]

    refused = deployr("tokens", "revoke", "ci", "--yes")

    assert 2 == refused.code
    assert all(f"{each} (dpu_" in refused.err for each in ids)
    assert 0 == deployr("tokens", "revoke", str(ids[0]), "--yes").code
    assert 0 == deployr("tokens", "revoke", "ci", "--yes").code


def test_revoking_the_token_in_use_says_how_to_come_back(deployr):
    done = deployr("tokens", "revoke", "first", "--yes")

    assert "`deployr login` gets another one" in done.err
    gone = deployr("tokens")
    assert 3 == gone.code
    assert (
        "Error: The token is missing, wrong or revoked; sign in with `deployr login`.\n" == gone.err
    )


def test_name_may_be_anything_that_fits_on_a_line(deployr):
    name = "'; DROP TABLE api_tokens; -- {{ 7 * 7 }} <b>café"
    made = json.loads(deployr("tokens", "create", name, "--scope", "read", "--json").out)

    assert name == made["name"]
    assert name in deployr("tokens").out
    assert 0 == deployr("tokens", "revoke", name, "--yes").code
    assert 2 == deployr("tokens", "create", "two\nlines", "--scope", "read").code


@pytest.mark.parametrize("expires", ["0d", "90", "soon", "-1d", "99999d"])
def test_lifetime_is_days_or_never(deployr, expires):
    refused = deployr("tokens", "create", "ci", "--scope", "read", "--expires", expires)

    assert 2 == refused.code
    assert "is not like 90d or never" in refused.err


@pytest.mark.parametrize("arguments", [(), ("--scope", "root")])
def test_scope_is_asked_for(deployr, arguments):
    assert 2 == deployr("tokens", "create", "ci", *arguments).code


def test_whoami_shows_what_the_token_is(deployr, with_token):
    assert "Token first: scope admin, never expires" == deployr("whoami").out.splitlines()[1]
    with_token("read", "--expires", "7d")

    assert deployr("whoami").out.splitlines()[1].startswith("Token ci read: scope read, expires 2")


def test_token_that_may_only_look_does_not_push(deployr, checkout, backend, with_token):
    HandRunner(backend)
    deployr("push", "--create", "--no-follow")
    with_token("read")
    assert 0 == deployr("jobs").code

    refused = deployr("push", "--no-follow")

    assert 3 == refused.code
    assert "Error: This token has the scope read; this needs deploy." in refused.err
    assert "deployr tokens create NAME --scope deploy" in refused.err


def test_token_that_deploys_pushes_to_a_project_that_exists(deployr, checkout, backend, with_token):
    HandRunner(backend)
    with_token("deploy")
    refused = deployr("push", "--create", "--no-follow")
    assert 3 == refused.code
    assert "this needs admin" in refused.err
    assert "The project app has to be there first" in refused.err

    assert 201 == backend.ask("POST", "/api/projects", project(checkout)).status_code
    assert 0 == deployr("push", "--no-follow").code
    moved = deployr("push", "--no-follow", "--runner", "web-1")
    assert 3 == moved.code
    assert "push it first with a token of scope admin" in moved.err


def project(checkout):
    return {"name": "app", "repo_url": checkout.url}


def test_logout_revokes_the_token_of_this_machine(deployr, backend, saved):
    token = saved()

    assert (0, "Signed out.\n", "") == told(deployr("logout"))
    assert 401 == backend.ask("GET", "/api/user", token=token).status_code


def test_logout_with_a_dead_token_is_quiet(deployr, backend):
    deployr("tokens", "revoke", "first", "--yes")

    assert (0, "Signed out.\n", "") == told(deployr("logout"))


def test_logout_leaves_the_token_of_the_environment_alone(
    deployr, backend, with_token, monkeypatch
):
    made = with_token("read").out.strip()

    done = deployr("logout")

    assert "DEPLOYR_TOKEN is still set" in done.err
    assert 200 == backend.ask("GET", "/api/user", token=made).status_code


def test_logout_without_the_backend_says_that_the_token_works_on(deployr, tmp_path):
    file = tmp_path / "config" / "config.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:9", "token": "dpu_x"}))

    done = deployr("logout", "--json")

    assert {"signed_out": True, "revoked": False} == json.loads(done.out)
    assert "Warning: the token was not revoked and works on: http://127.0.0.1:9" in done.err
    assert not file.exists()


def test_logout_forgets_a_file_that_can_not_be_read(deployr, tmp_path):
    file = tmp_path / "config" / "config.json"
    file.write_text("{")

    assert 0 == deployr("logout").code
    assert not file.exists()


def told(said):
    return said.code, said.out, said.err
