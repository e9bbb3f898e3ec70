"""A Next.js app under load is deployed again and again, and no visitor notices but by the page."""

import subprocess
from pathlib import Path

import pytest

from tests.support.next_site import NextSite
from tests.support.pm2 import pm2_directory
from tools.demo.apps import answers, find_tools, page
from tools.demo.ports import adjacent_ports
from tools.demo.system import EXAMPLES, DeployrSystem


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example app with its modules after a real `next build`."""
    assert find_tools("nextjs") is None
    tree = tmp_path_factory.mktemp("built") / "app"
    for command in (f"cp -a {EXAMPLES}/nextjs {tree}", "npm ci", "npm run build"):
        where = tree if tree.exists() else tree.parent
        subprocess.run(command.split(), cwd=where, check=True, stdout=subprocess.DEVNULL)
    return tree


@pytest.fixture
def ports() -> list[int]:
    """Nginx's and two for servers, one after the other."""
    return adjacent_ports(3)


@pytest.fixture
def site(built, ports, tmp_path, monkeypatch):
    """The system, with a home and pm2 of its own."""
    monkeypatch.setenv("PATH", str(pm2_directory()), prepend=":")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "s").mkdir()
    with DeployrSystem(tmp_path / "s") as system:
        yield NextSite(system, built, ports[0])


@pytest.fixture
def pm2(site: NextSite):
    """Run pm2 as the runner does; it ends with the test."""

    def run(*arguments: str) -> str:
        return site.system.run("pm2", *arguments).stdout

    yield run
    run("kill")


def served_from(pids: list[str]) -> set[str]:
    return {Path(f"/proc/{pid}/cwd").readlink().name for pid in pids}


@pytest.mark.slow
def test_pm2_reload_loses_no_request(site, ports, pm2):
    entry = {"pm2": "my-app", "reload": True, "port": ports[1]}
    site.start_nginx(ports[1])
    file = site.system.path / "shared" / "ecosystem.config.js"
    file.parent.mkdir(parents=True)
    file.write_text(site.configured(file.name, {"3000": str(ports[1])}))
    assert (first := site.deploy(2, entry)).returncode == 0, first.stdout
    assert "answers / on a spare port" in first.stdout
    assert answers(site.url, "nextjs-example-v2")

    load = site.start_load(posts=True)
    for version in (3, 4, 5):
        assert (done := site.deploy(version, entry)).returncode == 0, done.stdout
        assert answers(site.url, f"nextjs-example-v{version}")
    answered, broken, said = site.end_load(load)

    assert "Socket errors" not in said
    assert (0, True) == (broken, answered > 1000), said
    live = (site.system.path / "current").readlink().name
    assert {live} == served_from(pm2("pid", "my-app").split())
    assert 2 == len(list((site.system.path / "releases").iterdir()))
    assert [False, True, True, True] == [site.has_file(version) for version in (2, 3, 4, 5)]

    broken_start = "sed -i '1i throw new Error(\"no database\")' .next/standalone/server.js"
    assert (refused := site.deploy(6, entry, extra=broken_start)).returncode == 1
    assert "was not switched to: `node server.js` ended with exit code 1" in refused.stdout
    assert "Error: no database" in refused.stdout
    assert "nextjs-example-v5" in page(site.url)


@pytest.mark.slow
def test_two_servers_of_supervisor_lose_no_page(site, ports):
    entries = [{"supervisor": f"my-app:{port}", "port": port} for port in ports[1:]]
    site.start_nginx(*ports[1:])
    site.system.path.mkdir(parents=True)
    conf = site.system.path / "supervisord.conf"
    program = site.configured(
        "supervisor.conf", {"user=deployr\n": "", "start=3001": f"start={ports[1]}"}
    )
    conf.write_text(SUPERVISORD.format(place=site.system.root / "sv") + program)
    site.system.start(["supervisord", "-n", "-c", str(conf)], "supervisord")
    assert (first := site.deploy(1, *entries)).returncode == 0, first.stdout
    assert answers(site.url, "nextjs-example-v1")

    load = site.start_load(posts=False)
    for version in (2, 3):
        assert (done := site.deploy(version, *entries)).returncode == 0, done.stdout
        assert answers(site.url, f"nextjs-example-v{version}")
    answered, broken, said = site.end_load(load)

    assert "Socket errors" not in said
    assert (0, True) == (broken, answered > 1000), said


SUPERVISORD = """
[unix_http_server]
file={place}.sock
[supervisord]
pidfile={place}.pid
logfile={place}.log
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{place}.sock
"""
