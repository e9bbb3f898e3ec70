"""What any test may ask for."""

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support.soak import Soak

_LONG = ("tests/e2e/", "tests/integration/", "tests/unit/runner/cpanel/", "runner/transfer/")

# How long an example takes says nothing on a busy machine.
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let the tests' children end at Ctrl-C.

    What starts the tests in the background may let them ignore it, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: else a worker is left alone with one at the end."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in _LONG))


@pytest.fixture
def soak(request, capsys):
    """Length and seed of a test that is marked `soak`; the seed is printed."""

    def tell(text):
        with capsys.disabled():
            print(f"\nsoak: {request.node.name}: {text}")

    made = Soak(tell=tell)
    tell(f"DEPLOYR_SOAK_SEED={made.seed}")
    return made
