"""The installer, the wheel and the list of packages pass the firewall whole."""

import pytest
import requests

from tests.support.apache import Apache
from tests.support.distribution import build, wheel_of
from tests.support.live import LiveBackend

INSTALLER = "install-runner.sh"


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="module")
def apache(dist):
    with LiveBackend(DIST=str(dist)) as backend, Apache(backend.url) as found:
        yield found


def test_installer_and_what_it_fetches_arrive_whole(apache, dist):
    kinds = {
        wheel_of(dist).name: "application/octet-stream",
        "runner-requirements.txt": "text/plain; charset=utf-8",
    }
    for name, kind in kinds.items():
        answer = get(f"{apache.url}/dist/{name}")

        assert (200, kind) == (answer.status_code, answer.headers["Content-Type"])
        assert (dist / name).read_bytes() == answer.content
    assert [] == apache.denials()


def test_installer_has_the_address_that_was_asked(apache, dist):
    answer = get(f"{apache.url}/{INSTALLER}")

    assert 200 == answer.status_code
    assert answer.headers["Content-Type"].startswith("application/x-sh")
    expected = (dist / INSTALLER).read_text().replace("backend=''", f"backend={apache.url}", 1)
    assert expected == answer.text
    assert [] == apache.denials()


def get(url):
    """As the installer asks."""
    agent = {"User-Agent": "deployr-installer/0.1.0", "Accept-Encoding": "identity"}
    return requests.get(url, headers=agent, timeout=30)
