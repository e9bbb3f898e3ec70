"""How much memory a build may take for its heap."""

import pytest

from runner.memory import heap, node_options

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("asked", "free", "expected"),
    [
        (None, 2048, 1792),
        (None, 300, 512),
        (None, 64 * 1024, 4096),
        (6000, 300, 6000),
        (128, 64 * 1024, 128),
    ],
)
def test_heap_is_what_is_asked_or_what_is_to_spare(asked, free, expected):
    assert expected == heap(asked, free * MIB)


def test_node_is_told():
    assert {"NODE_OPTIONS": "--max-old-space-size=700"} == node_options(700)
