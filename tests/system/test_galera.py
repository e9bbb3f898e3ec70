"""Six workers over a Galera cluster of three, fifty runners, and one server that dies meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise

import pytest
import requests
from sqlalchemy import func, select

from app import create_app
from app.extensions import db
from app.models import DeploymentJob
from app.services import logs
from tests.factories import make_job, make_project, make_runner, make_user
from tests.support.crowd import BusyRunner, Customer
from tests.support.databases import at, migrate
from tests.support.galera import Galera
from tests.support.gunicorn import gunicorn, nginx

RUNNERS = 50
PROJECTS = 50
CUSTOMERS = 4
JOBS = 1000
LIMIT_SECONDS = 360
MOST_STALL_SECONDS = 30
LAG_SECONDS = 2
CODES = 20


@pytest.fixture(scope="module")
def cluster():
    with Galera() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def urls(cluster):
    """The same database by each server."""
    urls = cluster.create_database()
    migrate(urls[0])
    return urls


@pytest.fixture(scope="module")
def app(urls):
    app = create_app(at(urls[0]))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def backends(urls):
    """Two workers for each server of the cluster."""
    with ExitStack() as stack:
        yield [stack.enter_context(gunicorn(url)) for url in urls]


@pytest.fixture
def crowd(app, backends):
    """Everybody, at work; runners first."""
    user = make_user(app)
    projects = [make_project(user, runs_on="pool")["id"] for _ in range(PROJECTS)]
    tokens = [make_runner(user, labels=["pool"]).token for _ in range(RUNNERS)]
    over = threading.Event()
    with nginx(backends) as url:
        runners = [BusyRunner(url, token, over) for token in tokens]
        each = JOBS // CUSTOMERS
        customers = [Customer(url, user.token, projects, each) for _ in range(CUSTOMERS)]
        for member in (*runners, *customers):
            member.start()
        yield runners, customers
        over.set()
        for member in (*runners, *customers):
            member.join()


def _wait_for(runners, number):
    """Wait until so many jobs were ended."""
    end = time.monotonic() + LIMIT_SECONDS
    while sum(len(runner.logs) for runner in runners) < number:
        assert [] == [runner.surprise for runner in runners if runner.surprise]
        assert time.monotonic() < end, "too slow"
        time.sleep(0.1)


def _longest_stall(members):
    moments = sorted(moment for member in members for moment in member.moments)
    return max(later - earlier for earlier, later in pairwise(moments))


def test_death_of_a_server_loses_and_doubles_nothing(cluster, app, urls, backends, crowd, capsys):
    """The dead server's workers serve again when it is back, without a restart."""
    runners, customers = crowd
    start = time.monotonic()
    _wait_for(runners, JOBS // 2)
    cluster.nodes[2].go_down(kill=True)
    for customer in customers:
        customer.join()
    _wait_for(runners, JOBS)
    seconds = time.monotonic() - start
    stall = _longest_stall((*runners, *customers))
    with capsys.disabled():
        print(f"\n{JOBS} jobs in {seconds:.0f} s; longest stall {stall:.1f} s")

    made = [job for customer in customers for job in customer.made]
    assert (JOBS, []) == (
        len(set(made)),
        [member.surprise for member in (*runners, *customers) if member.surprise],
    )
    assert stall < MOST_STALL_SECONDS
    _check_jobs(app, runners, made)
    cluster.nodes[2].come_up()
    assert 200 == requests.get(f"{backends[2]}/api/ready", timeout=60).status_code
    assert _ended(urls[2]) == JOBS


def test_what_one_server_was_told_the_others_know(cluster, app, backends):
    """Also one that lags behind: who asks it waits."""
    user = make_user(app)
    project = make_project(user)
    headers = {"Authorization": f"Bearer {user.token}"}
    with cluster.nodes[2].held(LAG_SECONDS) as end:
        job = make_job(user, project)["id"]
        asked = time.monotonic()
        end.start()
        answer = requests.get(f"{backends[2]}/api/jobs/{job}", headers=headers, timeout=60)
        waited = time.monotonic() - asked
    assert 200 == answer.status_code
    assert waited > LAG_SECONDS / 2


def test_code_registers_one_runner_although_two_servers_are_asked_at_once(app, backends):
    """No server sees the other's locks; what both tell the audit log keeps them apart."""
    user = make_user(app)
    for number in range(CODES):
        code = user.write("/api/runners/codes")["code"]
        asked = [
            (f"{url}/api/runner/register", {"code": code, "name": f"web-{number}-{place}"})
            for place, url in enumerate(backends)
        ]
        with ThreadPoolExecutor(len(asked)) as pool:
            answers = pool.map(lambda each: requests.post(each[0], json=each[1], timeout=60), asked)
            statuses = sorted(answer.status_code for answer in answers)
        assert [201, 401, 401] == statuses


def _check_jobs(app, runners, made):
    """Every job was claimed once, ended once by whoever had claimed it, and has its whole log."""
    claims = [claim for runner in runners for claim in runner.claims]
    said = {job: log for runner in runners for job, log in runner.logs.items()}
    with app.app_context():
        pool = select(*DeploymentJob.__table__.c).where(DeploymentJob.runs_on == "pool")
        jobs = db.session.execute(pool).all()
        assert sorted(made) == sorted(job.id for job in jobs)
        assert sorted(claims) == sorted((job.id, job.claim_id) for job in jobs)
        assert {"completed"} == {job.status for job in jobs}
        assert said == {job.id: logs.read_text(job).encode() for job in jobs}


def _ended(url):
    app = create_app(at(url))
    with app.app_context():
        ended = DeploymentJob.completed_at.is_not(None)
        number = db.session.scalar(select(func.count()).where(ended))
        db.engine.dispose()
    return number
