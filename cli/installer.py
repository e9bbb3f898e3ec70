"""What a backend offers to servers that become runners, compared with this very program.

Kernel, CLI and runner are one wheel, and the installer and its list of packages are files of the
runner. So a CLI of the same version knows every byte that an honest backend may serve: one that
was broken into can't give another runner to a server that checks.
"""

import hashlib
import importlib.metadata
import io
import re
import shlex
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deployr import __version__

from .client import Client

_BACKEND = re.compile(r"^backend=('?)(?:https?://[0-9A-Za-z.:\[\]/~_-]+)?\1$", re.MULTILINE)
_FACT = re.compile(r"^(release_version|release_wheel)='([0-9A-Za-z._+-]{1,100})'$", re.MULTILINE)
_REQUIREMENTS = "runner-requirements.txt"
_LARGEST = 50_000_000
"""Bytes of all that a wheel holds."""


class OtherProgramError(Exception):
    """The backend offers what this version of Deployr does not hold; says which file differs."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The installer of a backend."""

    url: str
    version: str
    sums: tuple[str, str, str] | None = None
    """SHA-256 of installer, wheel and list of packages; None: they were not compared."""

    def line(self, words: list[str], *, root: bool) -> str:
        """Return the line that downloads and runs it in one go, with these options."""
        pins = [word for each in (self.sums or ())[1:] for word in ("--sha256", each)]
        shell = ["sudo", "bash"] if root else ["bash"]
        fetch = shlex.join(["curl", "-fsSL", f"{self.url}/install-runner.sh"])
        return f"{fetch} | {shlex.join([*shell, '-s', '--', *words, *pins])}"

    def checked_line(self, words: list[str], *, root: bool) -> str:
        """Return the line that runs it only when each byte is the one that is known here."""
        if self.sums is None:
            return ""
        shell = ["sudo", "bash"] if root else ["bash"]
        fetch = shlex.join(["curl", "-fsSLo", "install-runner.sh", f"{self.url}/install-runner.sh"])
        check = f"echo '{self.sums[0]}  install-runner.sh' | sha256sum -c -"
        return f"{fetch} && {check} && {shlex.join([*shell, 'install-runner.sh', *words])}"


def offered(client: Client) -> Offer | None:
    """Return what the backend offers; None: nothing. Raises OtherProgramError, CliError."""
    script = client.download("/install-runner.sh")
    if script is None:
        return None
    facts = dict(_FACT.findall(script.decode(errors="replace")))
    version = facts.get("release_version", "")
    if version != __version__:
        return Offer(url=client.url, version=version or "unknown")
    wheel = client.download(f"/dist/{facts.get('release_wheel', '')}") or b""
    requirements = client.download(f"/dist/{_REQUIREMENTS}") or b""
    own = _own_files()
    _compare_wheel(wheel, own)
    if requirements != own.get("deployr/runner/requirements.txt"):
        raise OtherProgramError(_REQUIREMENTS)
    sums = (_sha256(script), _sha256(wheel), _sha256(requirements))
    if _blank(script) != _own_installer(own, facts["release_wheel"], sums):
        raise OtherProgramError("install-runner.sh")
    return Offer(url=client.url, version=version, sums=sums)


def _compare_wheel(wheel: bytes, own: Mapping[str, bytes]) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _LARGEST:
                raise OtherProgramError("the wheel")
            held = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise OtherProgramError("the wheel") from None
    if len(held) != len(entries):
        raise OtherProgramError("the wheel")
    about = f"deployr-{__version__}.dist-info"
    program = {name: data for name, data in held.items() if not _only_tells(name, about)}
    expected = {**own, f"{about}/entry_points.txt": _own_scripts()}
    for name in sorted(program.keys() | expected.keys()):
        if program.get(name) != expected.get(name):
            raise OtherProgramError(name)


def _only_tells(name: str, about: str) -> bool:
    """Tell whether a file of the wheel says something about it and is never run."""
    return name in {f"{about}/{each}" for each in ("METADATA", "RECORD", "WHEEL", "top_level.txt")}


def _own_files() -> dict[str, bytes]:
    """Return what this installation holds, by the names in a wheel."""
    found = {}
    for package in ("deployr", "deployr.cli", "deployr.runner"):
        spec = find_spec(package)
        folder = Path(((spec and spec.submodule_search_locations) or ["."])[0])
        prefix = package.replace(".", "/")
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return found


def _own_scripts() -> bytes:
    return (importlib.metadata.distribution("deployr").read_text("entry_points.txt") or "").encode()


def _own_installer(own: Mapping[str, bytes], wheel: str, sums: tuple[str, str, str]) -> bytes:
    """Return the installer without an address, put together as tools/build-dist.sh does."""
    folder = "deployr/runner/installer/"
    head, tail = f"{folder}head.sh", f"{folder}tail.sh"
    middle = sorted(name for name in own if name.startswith(folder) and name not in {head, tail})
    text = b"".join(own[name] for name in (head, *middle, tail)).decode()
    lines = [
        line for line in text.splitlines(keepends=True) if not line.startswith("# shellcheck ")
    ]
    text = "".join(lines)
    values = {"VERSION": __version__, "WHEEL": wheel}
    values |= {"WHEEL_SHA256": sums[1], "REQUIREMENTS_SHA256": sums[2]}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text.encode()


def _blank(script: bytes) -> bytes:
    """Return the script without the backend's address, which stands at one place."""
    return _BACKEND.sub("backend=''", script.decode(errors="replace"), count=1).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
