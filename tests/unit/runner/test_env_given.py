"""What of the owner's env file builds and hooks get, and what wins over it."""

import json

import pytest

ENV = "A='of file'\nB=of-file\nC=\"${B}-more\"\nDEPLOYR_BRANCH=wrong\nNODE_ENV=production\n"
SHOW = 'echo "got: ${A:-none}, $B, ${C:-none}, $DEPLOYR_BRANCH"'


@pytest.mark.parametrize(
    ("env_file", "built"),
    [(True, "of file, of-yaml, of-file-more, main"), (False, "none, of-yaml, none, main")],
)
def test_build_gets_it_if_deploy_yaml_says_so_and_hooks_always(site, env_file, built):
    sections = {
        "build": {"env_file": env_file, "env": {"B": "of-yaml"}, "commands": [SHOW]},
        "deploy": {"hooks": {"before_activate": [SHOW]}},
    }
    site.env_file(ENV)
    site.commit({"index.html": "x", "deploy.yaml": json.dumps(sections)})

    job = site.push()

    assert "completed" == job.status
    masked = [line for line in job.text.splitlines() if line.startswith("got: ")]
    hooked = "of file, of-yaml, of-file-more, main"
    assert [shape(built), shape(hooked)] == [shape(line[5:]) for line in masked]
    assert "of-file" not in "".join(masked)


def shape(line: str) -> list[str]:
    """Return which of the values are secrets, which nobody sees, and the others."""
    secret = ("of file", "of-file")
    return ["secret" if word.startswith((*secret, "*", "[")) else word for word in line.split(", ")]
