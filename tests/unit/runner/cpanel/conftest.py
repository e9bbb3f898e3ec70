"""A project that goes to a hosting account, in each shape that hosters offer."""

import pytest

from tests.support.account_site import AccountSite
from tests.support.sshd import Sshd


@pytest.fixture(scope="session")
def servers():
    """Start the server of a shape once."""
    made = {}

    def start(shape):
        if shape not in made:
            made[shape] = Sshd(shape)
        return made[shape]

    yield start
    for one in made.values():
        one.stop()


@pytest.fixture
def account(tmp_path, backend, servers):
    """Make a project whose account is at a server of a shape."""

    def make(shape="full"):
        return AccountSite(tmp_path, backend, servers(shape))

    return make


@pytest.fixture
def shop(account):
    """A project whose account has a shell."""
    return account()
