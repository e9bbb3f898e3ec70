"""Native modules of Node.js: what they need of the machine that loads them."""

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployr.plainfile import read_plain

from .hosts.host import Probe
from .preflight import Finding, problem

# e_machine, as ELF numbers it, by what `uname -m` says.
_MACHINES = {"i686": 3, "ppc64le": 21, "s390x": 22, "armv7l": 40, "x86_64": 62, "aarch64": 183}
_NAMES = {number: name for name, number in _MACHINES.items()}

_MAX_BYTES = 512 * 1024 * 1024

# A version stands in the string table as a string of its own.
_GLIBC = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)")
_MUSL = re.compile(rb"\0libc\.musl-[a-z0-9_]+\.so\.1(?=\0)")


@dataclass(frozen=True)
class Native:
    """What a shared object was built for."""

    machine: str
    glibc: tuple[int, int] | None
    """The highest version that it names."""
    is_musl: bool


def read_native(path: Path) -> Native | None:
    """Read what a file was built for; None: it is no ELF. Raises OSError, also for huge ones."""
    data = read_plain(path, _MAX_BYTES)
    if len(data) < 20 or data[:4] != b"\x7fELF":
        return None
    order = ">" if data[5] == 2 else "<"
    (number,) = struct.unpack_from(f"{order}H", data, 18)
    found = [(int(major), int(minor)) for major, minor in _GLIBC.findall(data)]
    return Native(
        machine=_NAMES.get(number, f"machine {number}"),
        glibc=max(found, default=None),
        is_musl=_MUSL.search(data) is not None,
    )


def findings(tree: Path, probe: Probe, host: str) -> list[Finding]:
    """Say which native modules of a built tree the host can't load. Raises OSError."""
    return [problem(text) for text in _problems(tree, probe, host)]


def _problems(tree: Path, probe: Probe, host: str) -> Iterator[str]:
    for path in _modules(tree):
        native, name = read_native(path), path.relative_to(tree)
        if native is None:
            continue
        if probe.machine and native.machine != probe.machine:
            if _other_builds(path):
                continue
            yield (
                f"{name} was built for {native.machine}, {host} is {probe.machine}; build on a "
                "runner of that kind, or use output: export"
            )
        elif native.is_musl and probe.glibc:
            continue  # packages bring builds for both, and load the one that fits
        elif native.glibc and probe.glibc and native.glibc > _version(probe.glibc):
            needs = ".".join(map(str, native.glibc))
            yield (
                f"{name} needs glibc {needs}, {host} has {probe.glibc}; install an older version "
                "of that package, build on an older system, or use output: export"
            )


def _modules(tree: Path) -> Iterator[Path]:
    """Yield the native modules of a tree; links are not followed, pipes not opened."""
    for folder, _, names in os.walk(tree):
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(".node") and stat.S_ISREG(path.lstat().st_mode):
                yield path


def _other_builds(path: Path) -> bool:
    """Tell whether a package brings builds for several machines, and loads the one that fits."""
    return "prebuilds" in path.parts


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
