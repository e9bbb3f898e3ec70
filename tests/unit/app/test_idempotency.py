"""A request that is sent again under its key makes nothing twice."""

import threading

import pytest

from tests.factories import REPO, encoded, make_job, make_project, make_spec
from tests.support.backend import refusal


def send(user, path, key, **fields):
    headers = {"Authorization": f"Bearer {user.token}", "Idempotency-Key": key}
    return user.app.test_client().post(path, json=fields, headers=headers)


def test_repeated_job_is_the_same_job(ada, project):
    first = send(ada, "/api/jobs", "k1", project_id=project["id"])
    again = send(ada, "/api/jobs", "k1", project_id=project["id"])

    assert (201, 200) == (first.status_code, again.status_code)
    assert first.json["id"] == again.json["id"]
    assert "Idempotent-Replay" not in first.headers
    assert "true" == again.headers["Idempotent-Replay"]
    assert 1 == len(ada.read("/api/jobs")["jobs"])


def test_repeated_job_with_a_payload_is_not_a_used_nonce(ada, project):
    body = {"project_id": project["id"], "payload": encoded(make_spec(project).to_bytes())}

    answers = [send(ada, "/api/jobs", "k1", **body) for _ in range(2)]

    assert 1 == len({answer.json["id"] for answer in answers})


def test_repeated_project_is_the_same_project(ada):
    answers = [send(ada, "/api/projects", "k1", name="shop", repo_url=REPO) for _ in range(2)]

    assert [201, 200] == [answer.status_code for answer in answers]
    assert answers[0].json == answers[1].json


def test_key_of_another_request_is_refused(ada, project):
    send(ada, "/api/jobs", "k1", project_id=project["id"])

    answer = send(ada, "/api/jobs", "k1", project_id=project["id"], branch="next")

    assert (422, "idempotency_key_reused") == refusal(answer)
    assert 1 == len(ada.read("/api/jobs")["jobs"])


def test_keys_are_each_users_own(ada, bob):
    answers = [send(user, "/api/projects", "k1", name="shop", repo_url=REPO) for user in (ada, bob)]

    assert [201, 201] == [answer.status_code for answer in answers]


def test_refused_request_leaves_its_key_free(ada, project):
    refused = send(ada, "/api/projects", "k1", name=project["name"], repo_url=REPO)
    assert (409, "name_taken") == refusal(refused)

    ada.write(f"/api/projects/{project['id']}/delete")

    assert 201 == send(ada, "/api/projects", "k1", name=project["name"], repo_url=REPO).status_code


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_odd_key_is_refused(ada, project, key):
    answer = send(ada, "/api/jobs", key, project_id=project["id"])

    assert (400, "bad_idempotency_key") == refusal(answer)


def test_the_same_request_twice_at_once_makes_one_job(ada, project):
    answers = []

    def one():
        answers.append(send(ada, "/api/jobs", "k1", project_id=project["id"]))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {200, 201} >= {answer.status_code for answer in answers}
    assert 1 == len({answer.json["id"] for answer in answers})
    assert 1 == len(ada.read("/api/jobs")["jobs"])


def test_key_lives_for_a_day(ada, project, runner, clock):
    send(ada, "/api/jobs", "k1", project_id=project["id"])
    clock.move(hours=25)
    make_job(ada, make_project(ada))
    runner.read("/api/runner/jobs")

    assert 201 == send(ada, "/api/jobs", "k1", project_id=project["id"]).status_code
