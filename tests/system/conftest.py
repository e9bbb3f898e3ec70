"""One hosted Deployr for each module: it takes seconds to bring up."""

import pytest

from tests.support.hosted import HostedSystem
from tests.support.hosting import Hosting


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A system that no test has to leave as it was."""
    with HostedSystem(tmp_path_factory.mktemp("hosted")) as system:
        system.bring_up()
        yield system


@pytest.fixture
def hosted(running):
    """The same; whatever the test sent and got, the firewall let it pass."""
    yield running
    assert [] == running.apache.denials()
    assert [] == [answer for answer in running.apache.answers() if not answer.is_backends]


@pytest.fixture(scope="session")
def site():
    """A hosting account with a backend in it, which every test leaves running."""
    with Hosting() as hosting:
        done = hosting.repository.deploy()
        assert 0 == done.returncode, done.stdout + done.stderr + hosting.told()
        yield hosting


@pytest.fixture(scope="session")
def token(site):
    """A user of that backend."""
    return site.token("ada@example.com")
