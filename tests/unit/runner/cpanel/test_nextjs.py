"""Real Next.js, built on the runner: as static files, and as a server that Passenger starts."""

import http.client
import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.apache_site import ApacheSite
from tools.demo import processes
from tools.demo.ports import free_port

EXAMPLE = Path(__file__).resolve().parents[4] / "examples/nextjs"
VERSION = "nextjs-example-v1"
MANIFEST = "project: {framework: nextjs, target: cpanel}\n"


def files(output: str) -> dict[str, str]:
    """Return the example's files, with another output in its config."""
    found = {
        str(path.relative_to(EXAMPLE)): path.read_text()
        for path in EXAMPLE.rglob("*")
        if path.is_file() and not {"node_modules", ".next"} & set(path.parts)
    }
    config = found["next.config.mjs"].replace("output: 'standalone',", output)
    return {**found, "next.config.mjs": config, "deploy.yaml": MANIFEST}


def shown(answer: tuple[int, str]) -> str:
    status, text = answer
    assert 200 == status, text
    word = re.search(r"nextjs-example-v\d", text)
    assert word
    return word[0]


def again(built: Path, version: str, more: str = "") -> dict[str, str]:
    """Return a deploy.yaml that takes what was built before, with another version in its pages."""
    change = f"grep -rl {VERSION} out | xargs sed -i s/{VERSION}/{version}/"
    build = f"build: {{output: out, commands: ['cp -a {built} out', '{change}']}}\n"
    return {"deploy.yaml": f"{MANIFEST}{build}{more}"}


@pytest.mark.slow
def test_export_is_served_redeployed_and_gone_back_from(account, tmp_path):
    site, built = account("sftp"), tmp_path / "built"
    site.commit(files("output: 'export',"))
    with ApacheSite(site.server.user, site.docroot) as web:
        first = site.push()
        assert "completed" == first.status, first.text
        assert VERSION == shown(web.get())
        shutil.copytree(site.current.resolve(), built, ignore=shutil.ignore_patterns(".well-known"))
        site.commit(again(built, "nextjs-example-v2"))
        second = site.push()
        assert "completed" == second.status, second.text
        assert "nextjs-example-v2" == shown(web.get())
        sick = f"deploy: {{health_check: {{url: '{web.url}/missing', attempts: 1}}}}\n"
        site.commit(again(built, "nextjs-example-v3", sick))

        assert "health_check_failed" == site.push().reason
        assert "nextjs-example-v2" == shown(web.get())
        assert "completed" == site.push(action="rollback", commit="0" * 40).status
        assert VERSION == shown(web.get())


@contextmanager
def started(site) -> Iterator[int]:
    """Start what Passenger would, as the account's user; give its port."""
    port = free_port()
    user = pwd.getpwnam(site.server.user)
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "HOME": user.pw_dir}
    server = subprocess.Popen(["node", "app.js"], cwd=site.root, env=env, user=user.pw_uid)
    try:
        for _ in processes.pauses(60):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
def test_standalone_server_is_started_by_what_passenger_finds(account):
    site = account("jailed")
    site.commit(files("output: 'standalone',"))
    site.put(site.docroot / "index.html", "of the hoster")

    done = site.push()

    assert "completed" == done.status, done.text
    assert "it answers / on a spare port" in done.text
    assert f"{site.releases[0]}\n" == (site.root / "tmp/restart.txt").read_text()
    # Its files are no website: the document root stays what Passenger's configuration makes of it.
    assert "of the hoster" == site.served()
    with started(site) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert VERSION == shown((answer.status, answer.read().decode()))
        connection.close()


def test_build_that_needs_modules_at_run_time_is_refused_before_it_is_built(account):
    site = account("full")
    site.commit(files(""))

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "next.config sets no output" in job.report.detail
    assert "==> build" not in job.text
