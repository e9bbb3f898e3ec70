"""One look at a deploy root, by a shell."""

import pytest

from runner.hosts.host import HostError, Snapshot
from runner.hosts.shell_files import ShellFiles
from tests.unit.runner.hosts.accounts import BINARY, Between, everywhere, unprivileged
from tests.unit.runner.targets.disk_files import DiskFiles


@everywhere
def test_snapshot_is_what_stands_there(place):
    root, host = place
    for path, data in (
        ("releases/20260101-1/x", b""),
        ("releases/20260102-2/x", b""),
        (".deployr/releases.jsonl", b'{"id": "\xc3\xa9"}\n{"torn'),
        (".deployr/note", BINARY),
        (".deployr/empty", b""),
        ("shared/.env", BINARY),
        ("shared/.env.-n \\c\\t", b"A=1"),
        ("shared/auth/it's", b"x"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "current").symlink_to("releases/20260102-2")
    asked = ["auth/it's", ".env", "-missing", "auth"]
    between = Between(host)
    found = ShellFiles(between).snapshot(str(root), asked)
    assert DiskFiles().snapshot(str(root), asked) == found
    assert ({"auth/it's", ".env"}, BINARY, 1) == (
        set(found.shared),
        found.envs[".env"],
        between.asked,
    )


@everywhere
def test_snapshot_leaves_out_what_is_no_release_no_note_or_too_much(place):
    root, host = place
    for path in ("releases/real", "releases/two\nlines", ".deployr/lock", "shared/.env.d"):
        (root / path).mkdir(parents=True)
    (root / "releases/link").symlink_to("real")
    (root / "releases/file").touch()
    for path, size in ((".deployr/big", 64), (".deployr/small", 63), ("shared/.env.big", 1024)):
        (root / path).write_bytes(bytes(size * 1024 + 1))
    (root / "shared/.env\nreleases").write_bytes(b"x")
    (root / "shared/empty").touch()
    found = ShellFiles(host).snapshot(str(root), ["empty"])
    assert (("real",), ["small"], {}) == (found.releases, list(found.notes), found.envs)
    assert (None, frozenset(), "") == (found.live, found.shared, found.record)
    nothing = Snapshot(live=None, releases=(), record="", shared=frozenset(), envs={}, notes={})
    assert nothing == ShellFiles(host).snapshot(f"{root}/missing", [])


@unprivileged
def test_what_may_not_be_read_is_no_empty_file(place):
    root, host = place
    files = host.files
    files.write(f"{root}/shared/.env", b"A=1", 0)
    files.write(f"{root}/closed/x", b"")
    (root / "closed").chmod(0)
    for look in (
        lambda: files.read(f"{root}/shared/.env"),
        lambda: files.snapshot(str(root), []),
        lambda: files.snapshot(f"{root}/closed", []),
    ):
        with pytest.raises(HostError, match=r"[Dd]enied|can't cd"):
            look()
