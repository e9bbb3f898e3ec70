"""How many jobs a second runners claim on a Galera cluster, beside SELECT ... FOR UPDATE SKIP LOCKED.

`python -m bench.galera`: as `bench.claims`, by 12 claimers, all on one server of three and spread
over all of them. What another server has locked is not locked here: SKIP LOCKED learns only when it
commits that it was not the first.
"""

from app import create_app
from bench.claims import LABEL, make_projects, measure
from bench.databases import migrate
from tests.factories import make_runner, make_user
from tests.support.databases import at
from tests.support.galera import Galera

CLAIMERS = 12
TARGETS = {1: 0.9, 3: 1.0}
"""Of claimers on so many servers."""


def main() -> None:
    """Measure both."""
    with Galera() as cluster:
        urls = cluster.create_database()
        migrate(urls[0])
        apps = [create_app(at(url) | {"DEPLOYR_ONLINE_SECONDS": 3600}) for url in urls]
        user = make_user(apps[0])
        make_projects(apps[0], user.id)
        tokens = [make_runner(user, labels=[LABEL]).token or "" for _ in range(CLAIMERS)]
        for servers, target in TARGETS.items():
            measure(apps[:servers], tokens, f"claims-galera-{servers}", target)


if __name__ == "__main__":
    main()
