"""The health check after the switch, and the way back."""

import json
import socket

import pytest

from .site import Site


@pytest.fixture
def push(site, app):
    """Deploy twice: a first release, then one with a health check; return the second job."""

    def deploy(path: str, **check: object):
        site.commit({"index.html": "one"})
        site.push()
        check = {"url": f"http://127.0.0.1:{app.server_port}{path}", "interval": 1, **check}
        deploy = {"health_check": {"attempts": 1, **check}, "hooks": HOOKS}
        site.commit({"index.html": "two", "deploy.yaml": json.dumps({"deploy": deploy})})
        return site.push()

    return deploy


HOOKS = {"after_activate": ["echo $(cat index.html) >> $DEPLOYR_PATH/restarts"]}


def served(site: Site) -> str:
    return (site.current / "index.html").read_text()


def test_expected_status_and_text_complete_the_job(site, app, push):
    app.pages["/up"] = (200, "all is well", {})

    job = push("/up", text="is well")

    assert "completed" == job.status
    assert "two" == served(site)
    assert f"http://127.0.0.1:{app.server_port}/up" == job.report.url


def test_wrong_status_brings_the_previous_release_back_and_restarts_it(site, app, push):
    app.pages["/up"] = (500, "", {})

    job = push("/up")

    assert "health_check_failed" == job.reason
    assert "status 500 instead of 200" in job.report.detail
    assert "one" == served(site)
    assert "two\none\n" == (site.root / "restarts").read_text()
    assert "bad" == job.report.release.state


def test_missing_text_fails(app, push):
    app.pages["/up"] = (200, "under construction", {})

    assert "lacks the text 'well'" in push("/up", text="well").report.detail


def test_slow_start_is_given_its_attempts(site, app, push):
    app.pages["/up"] = (200, "", {})
    app.sick_answers = 1

    job = push("/up", attempts=3)

    assert "completed" == job.status
    assert 2 == len(app.asked)


def test_redirect_within_the_host_is_followed(app, push):
    app.pages["/"] = (302, "", {"Location": "/up"})
    app.pages["/up"] = (200, "", {})

    assert "completed" == push("/").status


def test_redirect_to_another_host_is_not_followed(app, push):
    elsewhere = f"http://localhost:{app.server_port}/up"
    app.pages["/"] = (302, "", {"Location": elsewhere})
    app.pages["/up"] = (200, "", {})

    job = push("/")

    assert "status 302 instead of 200" in job.report.detail
    assert "/up" not in app.asked


def test_endless_redirects_end(app, push):
    app.pages["/"] = (302, "", {"Location": "/"})

    assert "health_check_failed" == push("/").reason


def test_dead_app_is_no_answer(push):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port
        job = push("", url=f"http://127.0.0.1:{silent.getsockname()[1]}/up")

    assert "no answer" in job.report.detail


def test_failed_release_is_no_rollback_target_and_is_pruned(site, app, push):
    app.pages["/up"] = (500, "", {})
    push("/up")
    bad = site.releases[-1]

    site.commit({"index.html": "three", "deploy.yaml": ""})
    site.push()

    assert bad not in site.releases
    assert "three" == served(site)


def test_text_in_a_later_piece_of_the_page_is_found(app, push):
    """As a server that streams sends it."""
    app.pages["/up"] = (200, "<head></head>", {})
    app.later = "<p>all is well</p>"

    assert "completed" == push("/up", text="all is well").status
