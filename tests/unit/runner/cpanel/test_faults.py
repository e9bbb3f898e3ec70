"""What goes wrong at hosting accounts: each ends in one line that says what, and what to do."""

import contextlib
import os
import threading

import pytest

from runner.hosts import spare
from runner.hosts.book import fingerprint, save_hosts
from runner.hosts.ssh_host import SshHost
from runner.targets import host_lock
from tests.support.account_site import MANIFEST
from tests.support.account_witness import leftovers
from tests.support.small_disk import small_disk
from tests.support.sshd import Sshd, new_key


def refused(job, *words):
    """Return the detail of a job that was refused; it has these words, in one line."""
    detail = job.report.detail
    assert ("failed", "preflight_failed") == (job.status, job.reason), job.text
    assert "\n" not in detail, detail
    assert [] == [word for word in words if word not in detail], detail
    return detail


def test_changed_host_key_is_refused(shop, tmp_path):
    new_key(tmp_path / "other")
    other = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    save_hosts(shop.places, [shop.entry(host_key=other)])
    shop.commit({"index.html": "one"})

    job = shop.push()

    shown = (fingerprint(other), fingerprint(shop.server.host_key))
    refused(job, *shown, "Nothing was sent", "deployr-runner target add")
    assert not shop.root.exists()


def test_refused_key_names_the_key_and_where_to_put_it(shop, tmp_path):
    new_key(tmp_path / "other")
    save_hosts(shop.places, [shop.entry(key=str(tmp_path / "other"))])

    refused(shop.push(), f"refused the key {tmp_path}/other", "authorized keys")


def test_refused_password_is_not_repeated(account, eventually):
    site = account("password")
    save_hosts(site.places, [site.entry(password="not-the-right-one")])

    job = site.push()

    detail = refused(job, "refused the password", "deployr-runner target add hoster --replace")
    assert "runs no commands" not in detail
    assert "not-the-right-one" not in job.text
    eventually(lambda: "Failed password for" in site.server.log)
    assert 1 == site.server.log.count("Failed password for"), "hosters lock out who tries often"


def test_host_that_is_down_is_named(shop):
    with Sshd() as other:
        save_hosts(shop.places, [shop.entry(port=other.port)])

    refused(job := shop.push(), "hoster", "can't be reached", "Connection refused")
    assert "trying again" not in job.text


@pytest.mark.parametrize("shape", ["full", "jailed", "sftp"])
def test_home_that_may_not_be_written_to(account, shape):
    site = account(shape)
    home = site.server.home
    owner = home.stat()
    os.chown(home, 0, 0)
    home.chmod(0o555)
    try:
        refused(site.push(), "the home of hoster", "can't be written to", "ask the hoster")
    finally:
        os.chown(home, owner.st_uid, owner.st_gid)
        home.chmod(0o711)


@pytest.mark.parametrize("shape", ["full", "jailed", "sftp"])
def test_full_quota_leaves_the_site_and_no_half_release(account, shape):
    site = account(shape)
    site.commit({"index.html": "one"})
    owner = site.place.stat()
    with small_disk(site.place, 2048) as disk:
        os.chown(disk, owner.st_uid, owner.st_gid)
        site.as_account(site.docroot.mkdir)
        assert "completed" == (job := site.push()).status, job.text
        big = {f"{n}.bin": os.urandom(100_000).hex() for n in range(20)}
        site.commit({"index.html": "two", **big})

        job = site.push()

        refused(job, "hoster", "quota")
        assert "one" == site.served()
        assert 1 == len(site.releases)
        for name in big:
            (site.repo / name).unlink()
        site.commit({})
        job = site.push()
        assert "completed" == job.status, job.text
        assert "two" == site.served()
        assert [] == leftovers(site)


NAMES = (
    "new\nline", "-rf", "--help", "$(touch x)", "`id`", "a'b\"c", "*", "back\\slash", " blank ",
    "semi;colon", "Ünïcödé 漢字", "tab\there", "#hash", "~", "%s", "return\r", "&& exit", "\\012",
)  # fmt: skip


@pytest.mark.parametrize("shape", ["full", "jailed", "sftp"])
def test_hostile_names_arrive_as_they_are(account, shape):
    """Also again by an increment, with some of them gone."""
    site = account(shape)
    deep = "/".join(["d"] * 300) + "/end"
    raw = os.fsdecode(b"not-utf8-\xff\xfe")
    written = dict.fromkeys((*NAMES, *(f"-d {n}/{n}" for n in NAMES), deep, raw), "x")
    for dropped in ((), NAMES[::2]):
        for name in dropped:
            (site.repo / name).unlink()
            del written[name]
        site.commit(written)

        assert "completed" == (job := site.push()).status, job.text

        live = site.current.resolve()
        found = {
            str(path.relative_to(live)): path.read_bytes()
            for path in live.rglob("*")
            if path.is_file() and ".well-known" not in path.parts
        }
        assert dict.fromkeys(written, b"x") == found
    assert [] == leftovers(site)


@pytest.mark.parametrize("shape", ["full", "jailed", "sftp"])
def test_links_that_lead_out_of_the_tree_are_refused(account, shape):
    site = account(shape)
    site.commit({"index.html": "one"})
    assert "completed" == (job := site.push()).status, job.text
    (site.repo / "out").symlink_to(site.server.home)
    (site.repo / "up\n").symlink_to("../shared")
    site.commit({})

    refused(site.push(), "lead out of the release", "make them relative", r"'out', 'up\n'")
    assert "one" == site.served()

    for name in ("out", "up\n"):
        (site.repo / name).unlink()
    site.commit({"index.html": "two"})
    assert "completed" == (job := site.push()).status, job.text
    assert "two" == site.served()
    # A command that was only just sent when the tree was refused may have begun.
    assert [] == leftovers(site)


@pytest.mark.parametrize("shape", ["full", "jailed", "sftp"])
def test_shared_names_that_lead_out_by_a_link_are_refused(account, shape):
    site = account(shape)
    (site.repo / "a").mkdir()
    (site.repo / "a/way").symlink_to("../b")
    manifest = f"{MANIFEST}deploy: {{shared: {{dirs: [a/way/uploads]}}}}\n"
    site.commit({"deploy.yaml": manifest, "b/x": ""})
    job = site.push()
    if shape == "sftp":
        refused(job, "deploy.shared: a/way/uploads", "by a link")
    else:
        assert "completed" == job.status, job.text
        assert (site.current / "b/uploads").is_symlink()


@contextlib.contextmanager
def other_runner(site, note):
    """Hold the lock as a runner elsewhere does, until the end."""
    over = threading.Event()
    # By this thread: all threads of a process are the same user.
    site.put(note, host_lock.Owner(runner="other", job=1).to_bytes().decode())

    def live():
        beat = 0
        while not over.wait(0.1):
            beat += 1
            note.write_bytes(host_lock.Owner(runner="other", job=1, beat=beat).to_bytes())

    other = threading.Thread(target=live)
    other.start()
    try:
        yield
    finally:
        over.set()
        other.join()


@pytest.mark.parametrize("shape", ["full", "sftp"])
def test_deployment_is_kept_out_while_another_runner_lives(account, shape, monkeypatch):
    """It writes its name anew all the time; once it is silent, its lock is taken over."""
    monkeypatch.setattr(host_lock, "LOOK_SECONDS", 0.05)
    site = account(shape)
    site.commit({"index.html": "one"})
    assert "completed" == site.push().status
    site.commit({"index.html": "two"})
    note = site.root / ".deployr/held/owner"
    with other_runner(site, note):
        refused(site.push(), "another deployment is working in", "try again when it is done")
        assert "one" == site.served()

    monkeypatch.setattr(host_lock, "DEAD_SECONDS", 1.0)
    assert "completed" == (job := site.push()).status, job.text
    assert "two" == site.served()
    assert [] == leftovers(site)


@pytest.mark.parametrize(("shape", "most"), [("full", 16), ("sftp", 65)])
def test_small_redeployment_takes_few_round_trips(account, shape, most, monkeypatch):
    """Each costs as long as the host is away: 0.3 s across an ocean."""
    counted = []
    close = SshHost.close

    def count(host):
        counted.append(host.round_trips)
        close(host)

    monkeypatch.setattr(SshHost, "close", count)
    # However slow it is, nothing is done because of the time that it takes.
    monkeypatch.setattr(spare, "_FRESH_SECONDS", 600.0)
    monkeypatch.setattr(host_lock, "REFRESH_SECONDS", 600.0)
    site = account(shape)
    for text in ("one", "two"):
        site.commit({"index.html": text})
        assert "completed" == site.push().status

    assert counted[1] <= most
