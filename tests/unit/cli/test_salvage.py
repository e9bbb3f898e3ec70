"""What is read of a deploy.yaml that has problems."""

import pytest

from cli.salvage import salvaged


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", None),
        ("[", None),
        ("- a\n", None),
        ("project: shop\n", None),
        ("project:\n  name: -x\n", None),
        ("project:\n  name: shop\n  nmae: y\n", "shop"),
        ("project:\n  name: shop\nbuild: [a\n\n\n", "shop"),
        ("project:\n  name: shop\n  name: other\n", "shop"),
        ("project:\n  name: shop\nbuild: &x a\n", "shop"),
    ],
)
def test_name(text, name):
    assert name == salvaged(text).project.name


def test_what_is_wrong_is_left_out_and_the_rest_kept():
    found = salvaged("repo: {url: 'x y'}\ndeploy: {path: /srv/app, keep_releases: no}\n")

    assert (None, "/srv/app") == (found.repo.url, found.deploy.path)
