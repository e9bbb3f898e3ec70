"""A jailed account, and the web server that serves its public_html."""

import shutil

import pytest

from tests.support.account_host import AccountHost
from tests.support.apache_site import ApacheSite
from tests.support.sshd import Sshd
from tests.unit.runner.docroot.deployed import Deployed


@pytest.fixture(scope="module")
def server():
    with Sshd("jailed") as made:
        yield made


@pytest.fixture(scope="module")
def apache(server):
    with ApacheSite(server.user, server.home / "public_html") as made:
        yield made


@pytest.fixture
def host(server, tmp_path):
    for each in [*server.home.iterdir(), server.folder / "bin" / "uapi"]:
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink(
            missing_ok=True
        )
    host = AccountHost(server, tmp_path)
    yield host
    host.close()


@pytest.fixture
def deployed(host, apache):
    return Deployed(host, apache)
