"""The shared .env: written from the owner's file, and never over what somebody edited there."""

import json
import os
import stat

import pytest

SECRET = "hunter2-and-more"
OTHER = "correct-horse-battery"


@pytest.fixture
def app(site):
    """An app that shares .env, deployed once with the owner's env file."""
    site.commit({"deploy.yaml": json.dumps({"deploy": {"shared": {"files": [".env"]}}})})
    site.env_file(f"API_KEY={SECRET}\nMODE=long-enough\nOLD=goes-away-soon\n")
    assert "completed" == site.push().status
    return site


def shared(site):
    return site.root / "shared/.env"


def test_change_of_the_owners_file_arrives(app):
    app.env_file(f"API_KEY={OTHER}\n")

    assert "completed" == app.push().status
    assert f"API_KEY={OTHER}\n" == shared(app).read_text()


def test_foreign_edit_stops_the_job_with_the_names_that_differ(app):
    shared(app).write_text(f"API_KEY={OTHER}\nMODE=long-enough\nNEW=one-more-value\n")

    job = app.push()

    said = job.text + job.report.model_dump_json()
    assert "preflight_failed" == job.reason
    assert "was edited: added: NEW; removed: OLD; changed: API_KEY." in job.report.detail
    assert f"deployr-runner env import shop {shared(app)}" in job.report.detail
    assert f"mv {shared(app)} {shared(app)}.edited" in job.report.detail
    assert SECRET not in said
    assert OTHER not in said
    assert "one-more-value" not in said
    assert "NEW=one-more-value" in shared(app).read_text()


def test_differences_are_those_to_what_was_written_not_to_what_is_to_be(app):
    shared(app).write_text(shared(app).read_text() + "NEW=one-more-value\n")
    app.env_file(f"API_KEY={OTHER}\n")

    assert "was edited: added: NEW." in app.push().report.detail


def test_edit_that_the_owner_took_over_is_no_obstacle(app):
    text = f"API_KEY={OTHER}\n"
    shared(app).write_text(text)
    app.env_file(f"# the same\n{text}")

    assert "completed" == app.push().status


def test_edit_that_was_moved_away_is_replaced(app):
    shared(app).rename(shared(app).with_name(".env.edited"))

    assert "completed" == app.push().status
    assert SECRET in shared(app).read_text()


def test_edit_of_comments_and_order_is_none(app):
    lines = shared(app).read_text().splitlines()
    shared(app).write_text("# sorted\n" + "\n".join(reversed(lines)) + "\n")

    assert "completed" == app.push().status


@pytest.mark.parametrize("lost", [False, True])
def test_crash_between_both_files_leaves_no_false_alarm(app, lost):
    """The old text is recognised after the marks of a new one, and without any marks."""
    before = shared(app).read_text()
    if not lost:
        app.env_file(f"API_KEY={OTHER}\n")
        assert "completed" == app.push().status
        shared(app).write_text(before)
    else:
        (app.root / ".deployr/env.json").write_text("torn {")

    assert "completed" == app.push().status


def test_marks_tell_no_value_and_are_private(app):
    marks = app.root / ".deployr/env.json"

    assert SECRET not in marks.read_text()
    assert 0o600 == stat.S_IMODE(marks.stat().st_mode)


def test_file_from_before_the_runner_had_one_is_not_overwritten(site):
    site.commit({"deploy.yaml": json.dumps({"deploy": {"shared": {"files": [".env"]}}})})
    shared(site).parent.mkdir(parents=True)
    shared(site).write_text(f"API_KEY={SECRET}\nBY_HAND=long-enough\n")

    used = site.push()
    site.env_file(f"API_KEY={SECRET}\n")
    refused = site.push()

    assert "completed" == used.status
    assert f"deployr-runner env import shop {shared(site)} takes it" in used.text
    assert "was edited: added: BY_HAND." in refused.report.detail


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n"])
def test_shared_file_that_sets_nothing_is_refused(site, text):
    site.commit({"deploy.yaml": json.dumps({"deploy": {"shared": {"files": [".env"]}}})})
    shared(site).parent.mkdir(parents=True)
    shared(site).write_text(text)

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "the app needs its .env: write it to" in job.report.detail
    assert "==> build" not in job.text


def test_mode_and_group_that_the_owner_gave_stay_but_not_for_everybody(app):
    group = 54321 if os.geteuid() == 0 else os.getegid()
    shared(app).chmod(0o664)
    os.chown(shared(app), -1, group)
    app.env_file(f"API_KEY={OTHER}\n")

    assert "completed" == app.push().status
    assert 0o660 == stat.S_IMODE(shared(app).stat().st_mode)
    assert group == shared(app).stat().st_gid


def test_new_file_is_readable_by_the_group_that_shared_is_set_to(app):
    shared(app).unlink()
    (app.root / "shared").chmod(0o2755)

    assert "completed" == app.push().status
    assert 0o640 == stat.S_IMODE(shared(app).stat().st_mode)
    assert (app.root / "shared").stat().st_gid == shared(app).stat().st_gid
