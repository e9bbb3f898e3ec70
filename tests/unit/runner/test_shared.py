"""What survives from release to release, and the app's secrets."""

import base64
import json
import stat

import pytest

SECRET = "hunter2-and-more"


def shared(*dirs: str, files: tuple[str, ...] = ()) -> str:
    return json.dumps({"deploy": {"shared": {"dirs": dirs, "files": files}}})


def test_shared_directory_is_seeded_once_and_kept(site):
    site.commit({"deploy.yaml": shared("data"), "data/first.txt": "1"})
    site.push()
    (site.current / "data" / "upload.txt").write_text("mine")
    site.commit({"data/second.txt": "2"})
    site.push()

    assert ["first.txt", "upload.txt"] == sorted(
        p.name for p in (site.root / "shared/data").iterdir()
    )
    assert (site.current / "data").is_symlink()
    assert "../../shared/data" == str((site.current.resolve() / "data").readlink())


def test_shared_directory_inside_another_comes_along_with_it(site):
    site.commit({"deploy.yaml": shared("data", "data/inner"), "data/inner/a": "1"})

    assert "completed" == site.push().status
    assert "1" == (site.current / "data/inner/a").read_text()


def test_shared_file_is_seeded_from_the_release_and_then_kept(site):
    site.commit({"deploy.yaml": shared(files=("config/local.ini",)), "config/local.ini": "1"})
    site.push()
    (site.root / "shared/config/local.ini").write_text("edited")
    site.push()

    assert "edited" == (site.current / "config/local.ini").read_text()


def test_missing_shared_file_is_refused_before_the_build(site):
    site.commit({"deploy.yaml": shared(files=("keys/api.pem",))})

    job = site.push()

    assert "preflight_failed" == job.reason
    assert f"{site.root}/shared/keys/api.pem is missing" in job.report.detail


def test_shared_path_that_leaves_the_release_by_a_link_is_refused(site, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    site.commit({"deploy.yaml": shared("way/data")})
    (site.repo / "way").symlink_to(outside)
    site.commit({})

    job = site.push()

    assert "leads out of the release" in job.report.detail
    assert [] == list(outside.iterdir())


@pytest.fixture
def laravel_like(site):
    """An app that shares .env."""
    site.commit({"deploy.yaml": shared(files=(".env",))})
    return site


def test_env_file_of_the_owner_becomes_the_shared_env(laravel_like):
    laravel_like.env_file(f"API_KEY={SECRET}\n")

    assert "completed" == laravel_like.push().status
    env = laravel_like.root / "shared/.env"
    assert f"API_KEY={SECRET}\n" == env.read_text()
    assert 0o600 == stat.S_IMODE(env.stat().st_mode)
    assert env == (laravel_like.current / ".env").resolve()


def test_existing_shared_env_is_used_as_it_is(laravel_like):
    env = laravel_like.root / "shared/.env"
    env.parent.mkdir(parents=True)
    env.write_text("A=by-hand\n")

    assert "completed" == laravel_like.push().status
    assert "A=by-hand\n" == (laravel_like.current / ".env").read_text()


@pytest.mark.parametrize("empty", ["", "# nothing\n"])
def test_without_any_env_file_the_refusal_names_the_one_to_make(laravel_like, empty):
    path = laravel_like.env_file(empty)

    job = laravel_like.push()

    assert "preflight_failed" == job.reason
    assert str(path) in job.report.detail
    assert "chmod 600" in job.report.detail


def test_committed_env_file_is_not_taken_for_the_secrets(laravel_like):
    laravel_like.commit({".env": "A=everybody-knows\n"})

    assert "preflight_failed" == laravel_like.push().reason


def test_env_file_that_others_may_read_is_refused(laravel_like):
    laravel_like.env_file(f"API_KEY={SECRET}\n").chmod(0o644)

    job = laravel_like.push()

    assert "preflight_failed" == job.reason
    assert "chmod 600" in job.report.detail


def test_secrets_leave_neither_in_log_nor_in_report(site):
    """Also those of an existing shared/.env, and in encodings."""
    site.env_file(f'API_KEY="{SECRET}"\n')
    env = site.root / "shared/.env"
    env.parent.mkdir(parents=True)
    env.write_text("OLD=older-secret-value\n")
    encoded = base64.b64encode(f"x{SECRET}".encode()).decode()
    lines = [f"echo {encoded}", f"echo {SECRET}older-secret-value", f"echo {SECRET} && exit 1"]
    site.commit({"deploy.yaml": json.dumps({"build": {"commands": lines}})})

    job = site.push()

    sent = job.text + job.report.model_dump_json()
    assert "exit_nonzero" == job.reason
    assert SECRET not in sent
    assert "older-secret" not in sent
    assert encoded[4:-4] not in sent
    assert "echo [masked] && exit 1" in job.report.detail


def test_short_values_are_named_because_they_can_not_be_masked(site):
    site.env_file("PIN=123\nNAME=long-enough\n")
    site.commit({})

    assert "not masked: PIN" in site.push().text


@pytest.mark.parametrize(("to_build", "who"), [(True, "build and hooks"), (False, "hooks")])
def test_who_gets_an_env_file_that_is_not_shared_is_told(site, to_build, who):
    path = site.env_file("NAME=long-enough\n")
    site.commit({"deploy.yaml": json.dumps({"build": {"env_file": to_build}})})

    assert f"{path} goes to {who} only: the app gets no .env, as .env is" in site.push().text


def test_env_file_in_a_document_root_is_warned_about(laravel_like):
    """The recipe here is that of a static site."""
    laravel_like.env_file("API_KEY=long-enough\n")

    assert "everybody can read your secrets" in laravel_like.push().text
