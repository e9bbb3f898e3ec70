"""Fixtures of the runner's tests: a backend, and a site to deploy."""

import pytest

from .fake_backend import FakeBackend
from .site import Site


@pytest.fixture
def backend():
    """A backend that speaks the runner's protocol."""
    found = FakeBackend()
    yield found
    found.close()


@pytest.fixture
def site(tmp_path, backend) -> Site:
    """A project with an empty repository, allowed from its branch main."""
    return Site(tmp_path, backend)
