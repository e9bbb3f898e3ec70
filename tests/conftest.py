"""What any test may ask for."""

import pytest

from tests.support.soak import Soak


@pytest.fixture
def soak(request, capsys):
    """Length and seed of a test that is marked `soak`; the seed is printed."""

    def tell(text):
        with capsys.disabled():
            print(f"\nsoak: {request.node.name}: {text}")

    made = Soak(tell=tell)
    tell(f"DEPLOYR_SOAK_SEED={made.seed}")
    return made
