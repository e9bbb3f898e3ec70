"""The file system of a host with a shell: one script a question, in one round trip."""

import secrets
import shlex
from collections.abc import Iterable, Sequence
from typing import Protocol

from .host import HostError, Kind, LostError, Snapshot

_MAX_NOTE_BYTES = 64 * 1024
_MAX_ENV_BYTES = 1024 * 1024

# Only what every shell and every jail has. $b is random: what comes behind it is the answer, as
# an account may greet all who log in, and no file there can hold it.

# Each part of the answer comes behind a line that begins with $b. A name of two lines would be
# taken for something else, so it is left out.
_SNAPSHOT = f"""nl='
'
show() {{ case $2 in *"$nl"*) return 0 ;; esac
[ -f "$2" ] || return 0
size=$(wc -c <"$2") || {{ [ ! -e "$2" ]; return; }}
[ "$size" -gt "$3" ] || {{ printf '%s %s\\n' "$b" "$1"; cat -- "$2"; }}; }}
cd -- "$p" 2>/dev/null || {{ [ -e "$p" ] || exit 0; cd -- "$p"; exit 1; }}
[ ! -L current ] || {{ printf '%s live\\n' "$b"; readlink current; }}
printf '%s releases\\n' "$b"
for p in releases/*; do case $p in *"$nl"*) continue ;; esac
[ ! -d "$p" ] || [ -L "$p" ] || printf '%s\\n' "${{p#*/}}"; done
[ ! -f .deployr/releases.jsonl ] || {{
printf '%s record\\n' "$b"; cat .deployr/releases.jsonl || exit 1; }}
for p in shared/.env*; do show "env ${{p#*/}}" "$p" {_MAX_ENV_BYTES} || exit 1; done
for p in .deployr/*; do [ "$p" = .deployr/releases.jsonl ] ||
show "note ${{p#*/}}" "$p" {_MAX_NOTE_BYTES} || exit 1; done
n=0; for p; do
[ ! -f "shared/$p" ] || [ ! -s "shared/$p" ] || printf '%s shared %s\\n' "$b" "$n"
n=$((n+1)); done
"""
# The last letter tells whether there is one, as it may go away meanwhile.
_READ = """if [ -f "$p" ]; then cat -- "$p" && printf y && exit
[ ! -e "$p" ] || exit 1; fi; printf n
"""
# A broken connection looks like the end of the input.
_TAKE = """umask 077; mkdir -p -- "${p%/*}/" || exit 1; t="$p.new-$b"
trap 'rm -f -- "$t"' EXIT; trap 'exit 1' HUP INT TERM PIPE
cat >"$t" || exit 1
[ "$(wc -c <"$t")" -eq "$size" ] || { echo 'not all of it arrived' >&2; exit 1; }
"""
# Without -T a mv moves into a directory that is there.
_PLACE = """place() { said=$(mv -Tf -- "$1" "$2" 2>&1) && return
case $(mv -T 2>&1) in *option*) : ;; *) printf '%s\\n' "$said" >&2; return 1 ;; esac
if [ -L "$2" ]; then [ ! -d "$2" ] || rm -f -- "$2" || return 1
elif [ -d "$2" ]; then rmdir -- "$2" || return 1; fi
mv -f -- "$1" "$2"; }
"""
_WRITE = f"""{_PLACE}{_TAKE}chmod "$mode" "$t" && place "$t" "$p"
"""
_APPEND = f"""{_TAKE}cat -- "$t" >>"$p"
"""
_LINK = f"""{_PLACE}t="$p.new-$b"; trap 'rm -f -- "$t"' EXIT; trap 'exit 1' HUP INT TERM PIPE
ln -s -- "$goal" "$t" && place "$t" "$p"
"""
_RENAME = f"""{_PLACE}place "$p" "$goal"
"""
# A directory that may not be written can't be emptied. Files are left alone: other releases may
# have the same ones.
_REMOVE = """open_up() { chmod u+rwx -- "$1"
for d in "$1"/*/ "$1"/.[!.]*/ "$1"/..?*/; do d=${d%/}
[ -L "$d" ] || [ ! -d "$d" ] || open_up "$d"; done; }
failed=; for p; do rm -rf -- "$p" 2>/dev/null || {
[ -L "$p" ] || [ ! -d "$p" ] || open_up "$p"; rm -rf -- "$p" || failed=yes; }; done
[ ! "$failed" ]
"""
_MAKE_DIRS = """umask 022; mkdir -p -- "$@"
"""
_KIND = """if [ -L "$p" ]; then echo link; elif [ -d "$p" ]; then echo dir
elif [ -e "$p" ]; then echo file; else echo none; fi
"""
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
        """See Files. Names of more than one line, and env files over 1 MiB, are left out."""
        border = secrets.token_hex(16)
        said = self._ask(_SNAPSHOT, root, *shared, b=border)
        found: dict[str, bytes] = {}
        for piece in said.split(border.encode() + b" ")[1:]:
            name, _, data = piece.partition(b"\n")
            found[_text(name)] = data
        return Snapshot(
            live=_text(found.get("live", b"")).removesuffix("\n") or None,
            releases=tuple(sorted(_text(found.get("releases", b"")).split("\n")[:-1])),
            record=found.get("record", b"").decode(errors="replace"),
            shared=frozenset(shared[int(number)] for number, _ in _those(found, "shared ")),
            envs=dict(_those(found, "env ")),
            notes=dict(_those(found, "note ")),
        )

    def read(self, path: str) -> bytes | None:
        """See Files."""
        said = self._ask(_READ, path)
        return said[:-1] if said.endswith(b"y") else None

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """See Files."""
        self._ask(_WRITE, path, stdin=[data], size=str(len(data)), mode=f"{mode:o}")

    def append(self, path: str, data: bytes) -> None:
        """See Files."""
        self._ask(_APPEND, path, stdin=[data], size=str(len(data)))

    def make_dirs(self, *paths: str) -> None:
        """See Files."""
        if paths:
            self._ask(_MAKE_DIRS, paths[0], *paths)

    def link(self, goal: str, path: str) -> None:
        """See Files."""
        self._ask(_LINK, path, goal=goal)

    def rename(self, old: str, new: str) -> None:
        """See Files."""
        self._ask(_RENAME, old, goal=new)

    def remove(self, *paths: str) -> None:
        """See Files."""
        if paths:
            self._ask(_REMOVE, paths[0], *paths)

    def kind(self, path: str) -> Kind:
        """See Files."""
        return _KINDS[self._ask(_KIND, path).strip()]

    def _ask(
        self, script: str, path: str, *args: str, stdin: Iterable[bytes] = (), **given: str
    ) -> bytes:
        """Run a script that knows `path` as $p, `args` by number and `given` by name."""
        values = {"p": path, "b": secrets.token_hex(16), **given}
        lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
        lines += ["LC_ALL=C; export LC_ALL", f"set -- {shlex.join(args)}", 'printf %s "$b"']
        try:
            said = self._host.ask("\n".join([*lines, script]), stdin)
        except LostError:
            raise
        except HostError as error:
            shown = path.encode(errors="surrogateescape").decode(errors="replace")
            raise HostError(str(error), None if shown in str(error) else shown) from None
        return said.partition(values["b"].encode())[2]


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _those(found: dict[str, bytes], prefix: str) -> list[tuple[str, bytes]]:
    return [(n.removeprefix(prefix), data) for n, data in found.items() if n.startswith(prefix)]
