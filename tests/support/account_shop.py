"""A site in a hosting account, whose versions can be told from each other."""

import time

from tests.support.account_site import AccountSite
from tests.support.account_witness import leftovers, pages
from tests.unit.runner.fake_backend import FakeJob

_MANIFEST = "project: {target: cpanel}\ndeploy: {keep_releases: 2}\n"


class Shop:
    """Its first version is live."""

    def __init__(self, site: AccountSite) -> None:
        self.site = site
        self.version = 0
        self.seconds = 0.0
        """What the last deployment took that nothing was done to."""
        self.deploy()

    def commit(self) -> None:
        """Write the next version."""
        self.version += 1
        same = {f"same/{n}.txt": f"{n}" * 1000 for n in range(30)}
        self.site.commit({"deploy.yaml": _MANIFEST, **pages(self.version), **same})

    def push(self) -> FakeJob:
        """Deploy the next version, whatever becomes of it."""
        self.commit()
        return self.site.push()

    def deploy(self) -> None:
        """Deploy the next version, as if nothing had been."""
        begun = time.monotonic()
        job = self.push()
        self.seconds = time.monotonic() - begun
        assert job.status == "completed", job.text
        assert leftovers(self.site) == []
        assert len(self.site.releases) <= 3
