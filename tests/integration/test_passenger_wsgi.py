"""passenger_wsgi.py in a bare Python: what it shows and logs when the backend can't start."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE = str(Path(sys.base_prefix, "bin", "python3"))
"""Has none of our packages."""
VERSION = "{}.{}".format(*sys.version_info)

ASK = """
import sys, time
sys.path.insert(0, {home!r})
import passenger_wsgi as entry
def ask(path):
    said = []
    body = entry.application({{"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
        "wsgi.input": None}}, lambda status, headers, *_: said.append((status, dict(headers))))
    return said[0][0], said[0][1]["Content-Type"], b"".join(body).decode()
"""


@pytest.fixture
def home(tmp_path):
    """An application root with the code in it, and no settings."""
    for name in ("app", "deployr", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "passenger_wsgi.py", tmp_path)
    return tmp_path


def run(home, code, python=sys.executable, **env):
    """Return what `code` prints where `ask(path)` asks the entry of `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEPLOYR_")}
    done = subprocess.run(
        [python, "-c", ASK.format(home=str(home)) + code],
        env=kept | {"IN_PASSENGER": "1", "HOME": str(home.parent)} | env,
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return done.stdout


def logged(home):
    return [json.loads(line) for line in (home / "logs/deployr.log").read_text().splitlines()]


def test_missing_packages_are_told_in_page_and_log(home):
    said = run(home, "print(*ask('/'), *ask('/api/health'), sep='\\n')", BARE)

    pages = said.splitlines()
    assert ["503 Service Unavailable", "text/html; charset=utf-8"] == pages[:2]
    assert "Its operator finds the reason in logs/deployr.log." in pages[2]
    assert ["503 Service Unavailable", "application/problem+json"] == pages[3:5]
    assert "backend_not_started" == json.loads(pages[5])["code"]
    assert "No module named" not in said
    (line,) = logged(home)
    assert "No module named" in line["problem"]
    assert 0o600 == (home / "logs/deployr.log").stat().st_mode & 0o777


def test_packages_for_another_python_are_told(home):
    """Compiled ones do not load, and say nothing of the reason."""
    (home / "packages").mkdir()
    (home / "packages" / ".made-of").write_text("3.99.1 (main)\nflask==3\n")

    assert "503" in run(home, "print(ask('/')[0])", BARE)
    assert (
        f"the packages are for Python 3.99.1, the host runs {VERSION}" in logged(home)[0]["problem"]
    )


def test_settings_are_mended_without_a_restart(home):
    """Neither is a database in a file made up where there should be one of the host."""
    mend = (
        f"open({str(home / '.env')!r}, 'w').write('DEPLOYR_DATABASE_URL=sqlite:///{home}/d.sqlite')"
    )
    code = (
        f"print(ask('/api/health')[0]); {mend}\nentry.RETRY_SECONDS = 0\nprint(ask('/api/health'))"
    )

    before, after = run(home, code).splitlines()

    assert "503 Service Unavailable" == before
    assert "200 OK" in after
    first, *later = logged(home)
    assert f"DEPLOYR_DATABASE_URL: is needed: write it into {home}/.env" in first["problem"]
    assert ["/api/health"] == [line["path"] for line in later]


def test_packages_of_the_hosts_environment_are_found(home):
    """Where the host starts the app with another Python than that one's, and homes are links."""
    venv = home.parent / "virtualenv" / home.name / VERSION
    venv.parent.mkdir(parents=True)
    venv.symlink_to(sys.prefix)
    (home / ".env").write_text(f"DEPLOYR_DATABASE_URL=sqlite:///{home}/d.sqlite")

    link = home.parent.with_name(f"{home.parent.name}-link")
    link.symlink_to(home.parent)

    said = run(home, "print(ask('/api/health'))", BARE, HOME=str(link))

    assert "('200 OK', 'application/json'" in said


def test_backend_works_where_texts_are_ascii_by_default(home):
    """As under hosts that set no locale: nothing may rely on one."""
    (home / ".env").write_text(
        f"# größer als ASCII\nDEPLOYR_DATABASE_URL=sqlite:///{home}/d.sqlite\n", encoding="utf-8"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    said = run(home, "print(ask('/api/health'), ask('/api/ready')[0], ask('/')[0])", **ascii_only)

    assert "'200 OK'" in said
    assert said.endswith("503 SERVICE UNAVAILABLE 200 OK\n")  # not migrated: that was looked up
