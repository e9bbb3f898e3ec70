"""`deployr audit` against the real backend."""

import json

import pytest


@pytest.fixture
def deployed(deployr, checkout):
    """A project with a job."""
    assert 0 == deployr("push", "--create", "--no-follow").code


def test_events_are_listed_newest_first(deployr, deployed):
    heading, newest, *rest = deployr("audit").out.splitlines()

    assert ["WHEN", "WHO", "WHAT", "THING", "FROM"] == heading.split()
    when, who, what, thing, name, address = newest.split()
    assert when.endswith("Z")
    assert ("ada", "job.created", "job:1", "app", "127.0.0.1") == (who, what, thing, name, address)
    assert "project.created" in rest[0]


def test_events_of_one_kind_and_project_are_chosen(deployr, deployed):
    page = json.loads(deployr("audit", "--project", "app", "--act", "job.created", "--json").out)

    (event,) = page["events"]
    assert "deploy" == event["detail"]["action"]
    assert deployr("audit", "--project", "ada/app").out.count("\n") >= 3


def test_older_events_are_a_page_away(deployr, deployed):
    page = json.loads(deployr("audit", "--limit", "1", "--json").out)

    said = deployr("audit", "--limit", "1")
    assert f"Older ones: deployr audit --before {page['next']}\n" == said.err
    assert "job.created" not in deployr("audit", "--before", str(page["next"])).out


def test_unknown_kind_is_refused_with_those_that_there_are(deployr):
    refused = deployr("audit", "--act", "job.cancled")

    assert 2 == refused.code
    assert "'job.cancelled'" in refused.err


def test_unknown_project_is_not_found(deployr, deployed):
    assert 4 == deployr("audit", "--project", "nothing").code


def test_nothing_is_said_in_one_line(deployr, deployed):
    said = deployr("audit", "--act", "runner.shared")

    assert (0, "Nothing that you may see was done yet.\n") == (said.code, said.err)
