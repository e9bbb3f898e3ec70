"""Native modules that an account can't load are told by name before anything is sent."""

import os
import platform
import struct
import subprocess
from pathlib import Path

import pytest

from runner.hosts.host import Probe
from runner.native import findings, read_native

HERE = platform.machine()
SOURCE = '#include <stdlib.h>\nvoid *made(void) { return realpath("/", 0); }\n'


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """A shared object as a compiler makes it."""
    place = tmp_path_factory.mktemp("native")
    (place / "x.c").write_text(SOURCE)
    argv = ["gcc", "-shared", "-fPIC", "-o", "x.node", "x.c"]
    subprocess.run(argv, cwd=place, check=True)
    return (place / "x.node").read_bytes()


@pytest.fixture
def tree(tmp_path, module):
    put(tmp_path / "tree/node_modules/sharp/x.node", module)
    return tmp_path / "tree"


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def account(glibc: str | None = "2.99", machine: str | None = HERE) -> Probe:
    return Probe(shell="jailed", home="/home/me", glibc=glibc, machine=machine)


def texts(tree, probe):
    found = findings(tree, probe, "hoster")
    assert {"problem"} >= {each.kind for each in found}
    return [each.text for each in found]


def made_for(number: int, *, glibc: str = "2.17", order: str = "<") -> bytes:
    """Return the beginning of a shared object for a machine, and names that it needs."""
    head = b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10)
    names = f"\0libc.so.6\0GLIBC_2.4\0GLIBC_{glibc}\0GLIBC_PRIVATE\0".encode()
    return head + struct.pack(f"{order}HH", 3, number) + names


def test_real_module_tells_machine_and_glibc(tree):
    native = read_native(tree / "node_modules/sharp/x.node")

    assert native
    assert (HERE, False) == (native.machine, native.is_musl)
    assert native.glibc
    assert native.glibc[0] == 2


def test_account_with_what_it_needs_has_no_problem(tree):
    assert [] == texts(tree, account())
    assert [] == texts(tree, account(glibc=None, machine=None)), "what is unknown is no problem"


def test_older_glibc_is_a_problem(tree):
    [said] = texts(tree, account(glibc="2.1"))

    assert said.startswith("node_modules/sharp/x.node needs glibc 2.")
    assert "hoster has 2.1; install an older version" in said


def test_versions_are_numbers(tmp_path):
    put(tmp_path / "a.node", made_for(62, glibc="2.9"))

    assert [] == texts(tmp_path, account("2.17", "x86_64"))
    assert 1 == len(texts(tmp_path, account("2.8", "x86_64")))
    assert [] == texts(tmp_path, account("2.9.1", "x86_64"))


def test_other_machine_is_a_problem_unless_builds_for_several_are_there(tmp_path):
    put(tmp_path / "one/a.node", made_for(183))
    put(tmp_path / "two/prebuilds/linux-arm64/a.node", made_for(183))
    [said] = texts(tmp_path, account("2.28", "x86_64"))

    assert "one/a.node was built for aarch64, hoster is x86_64" in said


def test_order_of_bytes_is_the_files(tmp_path):
    native = read_native(put(tmp_path / "a.node", made_for(22, order=">")))

    assert native
    assert "s390x" == native.machine


def test_build_for_musl_beside_one_for_glibc_is_no_problem(tmp_path):
    put(tmp_path / "a.node", made_for(62) + b"\0libc.musl-x86_64.so.1\0")

    assert [] == texts(tmp_path, account("2.4", "x86_64"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(15), b"text, no module"])
def test_what_is_no_module_is_passed_over(tmp_path, data):
    put(tmp_path / "a.node", data)

    assert [] == texts(tmp_path, account("2.0"))


def test_links_in_the_tree_are_not_followed(tree, tmp_path):
    outside = put(tmp_path / "outside/a.node", made_for(183))
    (tree / "a.node").symlink_to(outside)
    (tree / "modules").symlink_to(outside.parent)

    assert [] == texts(tree, account())


def test_pipe_that_is_called_a_module_is_passed_over(tree):
    os.mkfifo(tree / "b.node")

    assert [] == texts(tree, account())
