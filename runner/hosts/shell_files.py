"""The file system of a host with a shell: one script a question, in one round trip."""

import secrets
import shlex
from collections.abc import Iterable, Sequence
from typing import Protocol

from .host import HostError, Kind, LostError, Snapshot

_MAX_NOTE_KIB = 64

# Each part of the answer comes behind a line that begins with $b, which no file there can hold.
_SNAPSHOT = f"""cd -- "$root" 2>/dev/null || exit 0
[ ! -L current ] || {{ echo "$b live"; readlink current; }}
echo "$b releases"
for p in releases/*; do [ ! -d "$p" ] || [ -L "$p" ] || echo "${{p#*/}}"; done
[ ! -f .deployr/releases.jsonl ] || {{ echo "$b record"; cat .deployr/releases.jsonl; }}
for p in shared/.env*; do [ ! -f "$p" ] || {{ echo "$b env ${{p#*/}}"; cat "$p"; }}; done
for p in .deployr/*; do
[ -f "$p" ] && [ "$p" != .deployr/releases.jsonl ] || continue
[ "$(wc -c <"$p")" -gt {_MAX_NOTE_KIB * 1024} ] || {{ echo "$b note ${{p#*/}}"; cat "$p"; }}; done
while [ "$#" -gt 0 ]; do
[ ! -f "shared/$2" ] || [ ! -s "shared/$2" ] || echo "$b shared $1"; shift 2; done
"""
_READ = """if [ -f "$p" ]; then echo yes; cat -- "$p"; else echo no; fi"""
_WRITE = """umask 077; mkdir -p -- "${p%/*}" || exit 1; t="$p.$b"
trap 'rm -f -- "$t"' EXIT
cat >"$t" && [ "$(wc -c <"$t")" -eq "$size" ] && chmod "$mode" "$t" && mv -f -- "$t" "$p"
"""
# What came in only in part is not added.
_APPEND = """umask 077; mkdir -p -- "${p%/*}" || exit 1
text=$(cat; echo x) && text=${text%x} && [ "$(printf %s "$text" | wc -c)" -eq "$size" ] &&
printf %s "$text" >>"$p"
"""
_LINK = """t="$p.$b"; ln -s -- "$goal" "$t" || exit 1
mv -Tf -- "$t" "$p" 2>/dev/null && exit
if [ -L "$p" ] || [ ! -d "$p" ]; then rm -f -- "$p" && mv -- "$t" "$p" && exit; fi
rm -f -- "$t"; echo "it is a directory" >&2; exit 1
"""
_RENAME = """if [ -d "$goal" ] && [ ! -L "$goal" ]; then rmdir -- "$goal" || exit 1; fi
mv -Tf -- "$p" "$goal" || { [ ! -e "$goal" ] && mv -- "$p" "$goal"; }
"""
# A directory that may not be written can't be emptied; rm tells of those, and is tried again.
_REMOVE = """for p; do rm -rf -- "$p" 2>/dev/null || { [ -L "$p" ] || chmod -R u+rwX -- "$p"
rm -rf -- "$p" || failed=yes; }; done; [ ! "$failed" ]
"""
_KIND = """if [ -L "$p" ]; then echo link; elif [ -d "$p" ]; then echo dir
elif [ -e "$p" ]; then echo file; else echo none; fi"""
_KINDS: dict[bytes, Kind] = {b"link": "link", b"dir": "dir", b"file": "file", b"none": "none"}


class Asks(Protocol):
    """The part of a `Host` that is needed here."""

    def ask(self, script: str, stdin: Iterable[bytes] = ()) -> bytes:
        """As `Host.ask` says."""


class ShellFiles:
    """As `Files` says."""

    def __init__(self, host: Asks) -> None:
        self._host = host

    def snapshot(self, root: str, shared: Sequence[str]) -> Snapshot:
        """See Files."""
        border = f"=={secrets.token_hex(16)}"
        pairs = " ".join(f"{number} {shlex.quote(name)}" for number, name in enumerate(shared))
        script = f"set -- {pairs}\nroot={shlex.quote(root)}; b={border}\n{_SNAPSHOT}"
        found: dict[str, bytes] = {}
        for piece in self._ask(script, root).split(border.encode() + b" ")[1:]:
            name, _, text = piece.partition(b"\n")
            found[name.decode(errors="surrogateescape")] = text
        texts = {name: found.get(name, b"").decode(errors="replace") for name in _TEXTS}
        return Snapshot(
            live=texts["live"].rstrip("\n") or None,
            releases=tuple(sorted(texts["releases"].splitlines())),
            record=texts["record"],
            shared=frozenset(shared[number] for number in map(int, _those(found, "shared "))),
            envs={name: found[f"env {name}"] for name in _those(found, "env ")},
            notes={name: found[f"note {name}"] for name in _those(found, "note ")},
        )

    def read(self, path: str) -> bytes | None:
        """See Files."""
        answer, _, data = self._run(_READ, path).partition(b"\n")
        return data if answer == b"yes" else None

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """See Files."""
        self._run(_WRITE, path, stdin=[data], size=str(len(data)), mode=f"{mode:o}")

    def append(self, path: str, data: bytes) -> None:
        """See Files. The data has no zero byte."""
        self._run(_APPEND, path, stdin=[data], size=str(len(data)))

    def make_dirs(self, *paths: str) -> None:
        """See Files."""
        self._ask(f"mkdir -p -- {shlex.join(paths)}", paths[0])

    def link(self, goal: str, path: str) -> None:
        """See Files."""
        self._run(_LINK, path, goal=goal)

    def rename(self, old: str, new: str) -> None:
        """See Files."""
        self._run(_RENAME, old, goal=new)

    def remove(self, *paths: str) -> None:
        """See Files."""
        self._ask(f"set -- {shlex.join(paths)}; failed=\n{_REMOVE}", paths[0])

    def kind(self, path: str) -> Kind:
        """See Files."""
        return _KINDS[self._run(_KIND, path).strip()]

    def _run(self, script: str, path: str, stdin: Iterable[bytes] = (), **given: str) -> bytes:
        values = {"p": path, "b": f"new-{secrets.token_hex(8)}", **given}
        head = "; ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
        return self._ask(f"LC_ALL=C; export LC_ALL; {head}\n{script}", path, stdin)

    def _ask(self, script: str, path: str, stdin: Iterable[bytes] = ()) -> bytes:
        try:
            return self._host.ask(script, stdin)
        except LostError:
            raise
        except HostError as error:
            raise HostError(str(error), None if path in str(error) else path) from None


_TEXTS = ("live", "releases", "record")


def _those(found: Iterable[str], prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in found if name.startswith(prefix)]
