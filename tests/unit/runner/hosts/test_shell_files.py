"""Files of accounts with a shell: over SSH, in a jail, here, and by the shell that is bash."""

import os
import threading

import pytest

from runner.hosts.host import HostError, LostError
from runner.hosts.shell_files import ShellFiles
from tests.support.waiting import eventually
from tests.unit.runner.hosts.accounts import (
    BINARY,
    NAMES,
    Bash,
    Between,
    everywhere,
    here,
    names_in,
    unprivileged,
)


@everywhere
def test_each_method_is_one_command_whatever_names_are_like(place):
    root, host = place
    between = Between(host)
    files = ShellFiles(between)
    top = f"{root}/{NAMES[3]}"
    for name in NAMES:
        path = f"{top}/sub/{name}"
        files.write(path, BINARY)
        files.append(path, b"more\0")
        assert (BINARY + b"more\0", "file") == (files.read(path), files.kind(path))
        files.rename(path, f"{path}.moved")
        files.link(name, path)
        assert (name, "link") == (os.readlink(path), files.kind(path))  # noqa: PTH115 - as a str
    files.make_dirs(*(f"{top}/{name}/below" for name in NAMES))
    assert {"sub", *NAMES} == set(os.listdir(top))  # noqa: PTH208
    files.remove(top, f"{root}/missing")
    assert ("none", None) == (files.kind(top), files.read(top))
    assert len(NAMES) * 7 + 4 == between.asked


@everywhere
def test_written_file_is_private_unless_told_otherwise(place):
    root, host = place
    files = ShellFiles(host)
    files.write(f"{root}/new/one", b"")
    files.write(f"{root}/two", b"x" * 300_000, 0o644)
    files.append(f"{root}/three", b"line\n")
    modes = [(root / name).stat().st_mode & 0o777 for name in ("new", "new/one", "two", "three")]
    assert [0o700, 0o600, 0o644, 0o600] == modes
    assert (b"", 300_000) == (files.read(f"{root}/new/one"), (root / "two").stat().st_size)
    assert (
        {"new", "two", "three"}
        <= {each.name for each in root.iterdir()}
        <= {
            "new",
            "two",
            "three",
            "kept",
        }
    )


@everywhere
def test_half_of_the_data_changes_nothing(place):
    root, host = place
    files = ShellFiles(host)
    half = ShellFiles(Between(host, lambda stdin: [b"".join(stdin)[:5]]))
    files.write(f"{root}/note", b"as it was")
    for change in (half.write, half.append):
        with pytest.raises(HostError, match="not all of it arrived"):
            change(f"{root}/note", b"something else")
    assert (b"as it was", ["note"]) == (files.read(f"{root}/note"), names_in(root))


@pytest.mark.parametrize("place", ["full"], indirect=True)
def test_broken_connection_changes_nothing(place, server_of):
    root, host = place
    host.files.write(f"{root}/note", b"as it was")

    def break_off(stdin):
        data = b"".join(stdin)
        yield data[:10]
        eventually(lambda: any(each.stat().st_size == 10 for each in root.glob("note.new-*")))
        server_of("full").cut()
        yield data[10:]

    with pytest.raises(LostError):
        ShellFiles(Between(host, break_off)).write(f"{root}/note", b"something else")
    eventually(lambda: names_in(root) == ["note"])
    assert b"as it was" == host.files.read(f"{root}/note")


@everywhere
def test_only_a_directory_that_is_not_empty_is_in_the_way_of_another(place):
    root, host = place
    files = ShellFiles(host)
    for name in ("new", "held", "also"):
        files.write(f"{root}/{name}/owner", name.encode())
    files.make_dirs(f"{root}/empty")
    with pytest.raises(HostError, match="held"):
        files.rename(f"{root}/new", f"{root}/held")
    assert [b"new", b"held"] == [files.read(f"{root}/{name}/owner") for name in ("new", "held")]
    files.rename(f"{root}/new", f"{root}/empty")
    assert b"new" == files.read(f"{root}/empty/owner")
    assert ["also", "empty", "held"] == names_in(root)
    with pytest.raises(HostError):
        files.rename(f"{root}/missing", f"{root}/other")


@here
def test_one_of_many_wins_a_name(place):
    root, host = place
    files, won = ShellFiles(host), []

    def claim(who):
        files.write(f"{root}/{who}/owner", b"%d" % who)
        try:
            files.rename(f"{root}/{who}", f"{root}/lock")
        except HostError:
            return
        won.append(who)

    threads = [threading.Thread(target=claim, args=(who,)) for who in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [b"%d" % who for who in won] == [files.read(f"{root}/lock/owner")]
    assert ["owner"] == names_in(root / "lock")


@everywhere
def test_link_takes_the_place_of_a_link_or_file_but_of_no_directory(place):
    root, host = place
    files = ShellFiles(host)
    files.make_dirs(f"{root}/one", f"{root}/two")
    files.write(f"{root}/file", b"x")
    for goal, name in (("one", "current"), ("two", "current"), ("one", "file")):
        files.link(goal, f"{root}/{name}")
        assert goal == str((root / name).readlink())
    with pytest.raises(HostError, match="two"):
        files.link("one", f"{root}/two")
    with pytest.raises(HostError):
        files.write(f"{root}/two", b"x")
    assert ["current", "file", "one", "two"] == names_in(root)
    assert [] == names_in(root / "one") + names_in(root / "two")


def test_mv_that_lacks_an_option_is_enough(tmp_path):
    tool = tmp_path / "bin/mv"
    tool.parent.mkdir()
    refusal = '-*T*) echo "mv: illegal option -- T" >&2; exit 64;;'
    tool.write_text(f'#!/bin/sh\ncase $1 in {refusal} esac\nexec /bin/mv "$@"\n')
    tool.chmod(0o755)
    root, files = tmp_path / "root", ShellFiles(Bash(f"{tool.parent}:/usr/bin:/bin"))
    files.make_dirs(*(f"{root}/{name}" for name in ("one", "two", "empty")))
    files.write(f"{root}/new/owner", b"new")
    for goal in ("one", "two", "missing"):
        files.link(goal, f"{root}/current")
        assert goal == str((root / "current").readlink())
    files.write(f"{root}/note", b"1")
    files.write(f"{root}/note", b"2")
    files.rename(f"{root}/new", f"{root}/empty")
    with pytest.raises(HostError):
        files.rename(f"{root}/one", f"{root}/empty")
    assert (b"2", b"new") == (files.read(f"{root}/note"), files.read(f"{root}/empty/owner"))
    assert ["current", "empty", "note", "one", "two"] == names_in(root)


@unprivileged
def test_read_only_directories_are_removed_and_nothing_that_is_linked_to(place):
    root, host = place
    for path in ("away/kept", "gone/deep/.hidden/inner"):
        host.files.write(f"{root}/{path}", b"x", 0o444)
    (root / "gone/same").hardlink_to(root / "away/kept")
    (root / "gone/link").symlink_to("../away")
    (root / "away").chmod(0o555)
    for path in ("gone/deep/.hidden", "gone/deep", "gone"):
        (root / path).chmod(0o500 if path == "gone" else 0)
    host.files.remove(f"{root}/gone")
    assert ["away"] == names_in(root)
    assert [0o555, 0o444] == [
        each.stat().st_mode & 0o777 for each in (root / "away", root / "away/kept")
    ]
    with pytest.raises(HostError, match="/proc/version"):
        host.files.remove("/proc/version")


@pytest.mark.parametrize("place", ["bash"], indirect=True)
def test_words_of_welcome_are_no_part_of_an_answer(place):
    root, host = place

    class Greeting:
        def ask(self, script, stdin=()):
            return b"Welcome!\ny" + host.ask(script, stdin)

    files = ShellFiles(Greeting())
    files.write(f"{root}/note", b"text")
    assert (b"text", "file") == (files.read(f"{root}/note"), files.kind(f"{root}/note"))
