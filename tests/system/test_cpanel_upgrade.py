"""From one revision of the backend to the next, in a hosting account that people use meanwhile."""

import pytest

from tests.support.hosting import Visitors


@pytest.fixture
def broken(site):
    """Commit a change of app/__init__.py; the test's end takes it back."""
    good = site.repository.read("app/__init__.py")
    yield lambda code: site.repository.change("app/__init__.py", f"{good}\n\n{code}\n")
    site.repository.change("app/__init__.py", good)


MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.create_table("added", sa.Column("id", sa.Integer(), primary_key=True))
"""


def test_next_revision_loses_no_request(site, token):
    """Although it changes the database under the one before."""
    before = site.live()
    own = {name: (site.account.app / name).stat() for name in (".env", "tmp", "logs")}
    names = [path.name for path in site.repository.path.glob("migrations/versions/*.py")]
    head = max(names).partition("_")[0]
    site.repository.change("migrations/versions/9999_added.py", MIGRATION.format(head=head))

    with Visitors(site.url, token) as visitors:
        done = site.repository.deploy()
        after = site.live()
        assert visitors.have_met(after), done.stdout + done.stderr + site.told()

    assert 0 == done.returncode, done.stdout + done.stderr + site.told()
    assert {before, after} == visitors.revisions
    assert {"200"} == set(visitors.answers), site.told()
    print(f"{visitors.answers['200']} requests, the longest took {visitors.longest:.1f} s")
    assert "9999" in site.flask("db", "current")
    assert own[".env"] == (site.account.app / ".env").stat()
    assert own["logs"].st_ino == (site.account.app / "logs").stat().st_ino
    releases = site.account.app / "releases"
    files = [releases / name / "packages/flask/app.py" for name in (before, after)]
    assert files[0].samefile(files[1])


def test_revision_that_can_not_start_changes_nothing(site, token, broken):
    before = site.live()
    broken("raise RuntimeError('no such module')")

    with Visitors(site.url, token) as visitors:
        done = site.repository.deploy()

    assert 0 != done.returncode
    assert "The deployment failed: " in done.stderr
    assert "no such module" in done.stderr
    assert (before, {before}) == (site.live(), visitors.revisions)
    assert {"200"} == set(visitors.answers), site.told()


def test_revision_that_only_the_host_can_not_start_is_taken_back(site, token, broken):
    """Meanwhile clients are told to try again, by an answer that they know."""
    before = site.live()
    broken("import os\nif 'IN_PASSENGER' in os.environ: raise RuntimeError('not here')")

    with Visitors(site.url, token) as visitors:
        done = site.repository.deploy()

    assert 0 != done.returncode
    assert f"{before} is live again and answers again" in done.stderr, done.stderr + site.told()
    assert (before, before) == (site.live(), site.health()["revision"])
    assert {"200", "503"} == set(visitors.answers), site.told()
    print(f"answers while it was tried: {dict(visitors.answers)}")
    assert "not here" in (site.account.app / "logs/deployr.log").read_text()
