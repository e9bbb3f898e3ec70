"""Directories in which PHP's user and the runner's user both write."""

import errno
import os
import pwd
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import acl, writable

STRANGER = 12345
OWNER = 23456
MEMBER = 34567


def pool(etc: Path, user: str, name: str = "www") -> None:
    path = etc / f"php/8.2/fpm/pool.d/{name}.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[{name}]\n; user = nobody\nuser = {user}\nlisten = /run/php.sock\n")


def test_php_runs_as_the_users_of_its_pools(tmp_path):
    pool(tmp_path, "www-data")
    pool(tmp_path, "shop", "shop")

    assert {"www-data", "shop"} == writable.php_users(tmp_path)


def test_php_in_apache_runs_as_apache(tmp_path):
    (tmp_path / "apache2/mods-enabled").mkdir(parents=True)
    (tmp_path / "apache2/mods-enabled/php8.2.load").touch()

    assert {"www-data"} == writable.php_users(tmp_path)


def test_server_without_php_has_no_such_user(tmp_path):
    assert set() == writable.php_users(tmp_path)


def test_own_pool_leaves_nobody_to_open_anything_to():
    own = pwd.getpwuid(os.geteuid()).pw_name

    assert [] == writable.strangers({own, "daemon"})
    (daemon,) = writable.strangers({"daemon", "no-such-user"})
    found = pwd.getpwnam("daemon")
    assert ("daemon", found.pw_uid) == (daemon.name, daemon.uid)
    assert found.pw_gid in daemon.groups


def test_member_of_the_group_is_the_one_and_nobody_else_is_let_in():
    one, other = (writable.User(name=str(n), uid=n, groups=frozenset({n})) for n in (1, 2))

    assert [] == writable.outside([one, other], 1)
    assert [one, other] == writable.outside([one, other], 3)
    assert [one] == writable.outside([one], None)


def test_setgid_bit_says_that_a_directory_is_shared_with_its_group(tmp_path):
    assert writable.shared_group(tmp_path) is None
    tmp_path.chmod(0o2750)

    assert tmp_path.stat().st_gid == writable.shared_group(tmp_path)


def tree(top: Path) -> Path:
    (top / "logs").mkdir(parents=True)
    (top / "logs/app.log").touch(mode=0o644)
    return top


def test_group_may_write_in_directories_and_files_and_what_is_made_in_them(tmp_path):
    top = tree(tmp_path / "storage")

    assert writable.open_up(top, "", [writable.for_group(top.stat().st_gid)]) is None
    assert writable.open_up(top, "", [writable.for_group(top.stat().st_gid)]) is None

    assert 0o2775 == stat.S_IMODE((top / "logs").stat().st_mode)
    assert 0o664 == stat.S_IMODE((top / "logs/app.log").stat().st_mode)


def test_missing_directory_is_no_error(tmp_path):
    assert writable.open_up(tmp_path / "storage", "", [writable.for_group(0)]) is None


def test_links_are_not_followed(tmp_path):
    """PHP's user could have put one there that leads to a file of the runner's."""
    top, secret = tree(tmp_path / "storage"), tmp_path / "token"
    secret.touch(mode=0o600)
    (top / "link").symlink_to(secret)
    (top / "way").symlink_to(tmp_path)

    writable.open_up(top, "", [writable.for_group(top.stat().st_gid)])

    assert 0o600 == stat.S_IMODE(secret.stat().st_mode)


def as_user(user: int, directory: Path, action: Callable[[], object]) -> bool:
    """Do `action` in `directory` as another user; tell whether it went well. Needs root."""
    child = os.fork()
    if child == 0:
        try:
            os.chdir(directory)
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            action()
        except BaseException as error:  # noqa: BLE001 - the child must not run on as a test
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def own(top: Path, user: int) -> Path:
    for path in (top, *top.rglob("*")):
        os.chown(path, user, user)
    return top


def append(name: str) -> None:
    with Path(name).open("a") as file:
        file.write("line\n")


def open_to_stranger() -> None:
    assert writable.open_up(Path(), "", [writable.for_user(STRANGER)]) is None


def open_to_group() -> None:
    assert writable.open_up(Path(), "", [writable.for_group(MEMBER)]) is None


def test_phps_user_writes_in_what_is_ours_and_we_in_what_it_made(tmp_path):
    top = own(tree(tmp_path / "storage"), OWNER)
    assert not as_user(STRANGER, top, lambda: append("logs/app.log"))

    assert as_user(OWNER, top, open_to_stranger)
    assert as_user(OWNER, top, lambda: Path("logs/cache").mkdir())

    assert as_user(STRANGER, top, lambda: append("logs/app.log"))
    assert as_user(STRANGER, top, lambda: append("logs/cache/page"))
    assert as_user(OWNER, top, lambda: append("logs/cache/page"))
    assert not as_user(OWNER + 1, top, lambda: append("logs/app.log"))


def test_group_named_later_writes_though_phps_user_was_let_in_first(tmp_path):
    """Where there is a list, chmod changes its mask only: the group's entry must follow."""
    top = own(tree(tmp_path / "storage"), OWNER)
    assert as_user(OWNER, top, open_to_stranger)
    for path in (top, *top.rglob("*")):
        os.chown(path, OWNER, MEMBER)

    assert as_user(OWNER, top, open_to_group)

    assert as_user(MEMBER, top, lambda: append("logs/app.log"))
    assert as_user(MEMBER, top, lambda: append("logs/new.log"))


def test_what_phps_user_owns_is_no_obstacle_to_the_second_deployment(tmp_path):
    top = own(tree(tmp_path / "storage"), OWNER)
    assert as_user(OWNER, top, open_to_stranger)
    (top / "logs/theirs").mkdir(mode=0o700)
    (top / "logs/theirs/log").touch(mode=0o600)
    own(top / "logs/theirs", STRANGER)

    assert as_user(OWNER, top, open_to_stranger)


def test_lists_are_those_that_setfacl_makes(tmp_path):
    top = tree(tmp_path / "storage")

    assert writable.open_up(top, "", [writable.for_user(STRANGER)]) is None

    said = subprocess.check_output(["getfacl", "-nEp", top / "logs"], text=True)
    assert f"user:{STRANGER}:rwx" in said
    assert f"default:user:{STRANGER}:rwx" in said
    assert f"default:user:{os.geteuid()}:rwx" in said
    assert "other::r-x" in said


def test_second_grant_keeps_what_the_owner_granted_others(tmp_path):
    top = tree(tmp_path / "storage")
    subprocess.run(["setfacl", "-m", "u:4711:r", top / "logs/app.log"], check=True)

    for _ in range(2):
        assert writable.open_up(top, "", [writable.for_user(STRANGER)]) is None

    said = subprocess.check_output(["getfacl", "-nEp", top / "logs/app.log"], text=True)
    assert "user:4711:r--" in said
    assert "mask::rw-" in said


def test_file_system_without_lists_is_told_by_one_error():
    """/proc has none."""
    fd = os.open("/proc/self", os.O_RDONLY)
    try:
        with pytest.raises(OSError) as caught:
            acl.grant(fd, STRANGER)
    finally:
        os.close(fd)

    assert errno.EOPNOTSUPP == caught.value.errno
