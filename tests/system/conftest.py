"""One hosted Deployr for each module: it takes seconds to bring up."""

import pytest

from tests.support.hosted import HostedSystem


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
