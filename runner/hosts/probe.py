"""Finds out what a host can do, in one command, and keeps it for a day."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..files import make_private_dir, write_atomically
from .host import Probe

KEEP_SECONDS = 24 * 3600.0
TOOLS = (
    "tar gzip zstd rsync sha256sum cp mv ln rm find xargs php composer node npm uapi crontab "
    "curl git"
)
_END = "probe-is-over"

# Every line is a key, a space and a value. Only what the shell itself can do is relied on.
SCRIPT = f"""exec 2>/dev/null </dev/null
say() {{ echo "$1 $2"; }}
say home "$HOME"; say shell "${{SHELL:-}}"; say path ":$PATH:"
[ -e /var/.cagefs ] && say shell cagefs
for t in {TOOLS}; do command -v "$t" >/dev/null && say tool "$t"; done
for p in /opt/cpanel/ea-php*/root/usr/bin/php /opt/alt/php*/usr/bin/php /usr/local/bin/php \\
"$(command -v php)"; do [ -x "$p" ] && say php "$("$p" -n -r 'echo PHP_VERSION;') $p"; done
for p in "$HOME"/nodevenv/*/*/bin/node "$HOME"/nodevenv/*/*/*/bin/node \\
/opt/alt/alt-nodejs*/root/usr/bin/node /opt/cpanel/ea-nodejs*/bin/node "$(command -v node)"
do [ -x "$p" ] && say node "$("$p" -p process.versions.node) $p"; done
for l in /lib64/libc.so.6 /lib/*/libc.so.6; do [ -x "$l" ] && "$l" | {{ read -r a; say glibc "$a"; }}
done; say glibc "$(getconf GNU_LIBC_VERSION || ldd --version | {{ read -r a; echo "$a"; }})"
say machine "$(uname -m)"
quota -w | while read -r line; do say quota "$line"; done
df -Pk "$HOME" | while read -r line; do say blocks "$line"; done
df -Pi "$HOME" | while read -r line; do say inodes "$line"; done
d="$HOME/.deployr-probe-$$"
if mkdir "$d" && cd "$d"; then say can write
mkdir a && echo x >a/f && ln a/f g && say can 'hard links'
cp -al a b && [ -f b/f ] && say tool 'cp -al'
ln -s a l && say can symlinks
mkdir b2 && ln -s b2 m && mv -Tf m l && say tool 'mv -T'
cd / && rm -rf "$d"; fi
say {_END} yes
"""


def read_probe(said: bytes) -> Probe | None:
    """Read what SCRIPT wrote; None: no shell ran it, so the host is SFTP alone."""
    facts = _facts(said.decode(errors="surrogateescape"))
    if _END not in facts:
        return None
    can = facts.get("can", [])
    free = _quota(facts) or {}
    return Probe(
        shell="jailed" if _is_jailed(facts) else "full",
        home=_last(facts, "home") or "/",
        tools=frozenset(facts.get("tool", [])),
        php=dict(_versions(facts.get("php", []))),
        node=dict(_versions(facts.get("node", []))),
        glibc=_number(_last(facts, "glibc")),
        machine=_last(facts, "machine"),
        free_bytes=_least(free.get("blocks"), _free(facts, "blocks"), 1024),
        free_inodes=_least(free.get("inodes"), _free(facts, "inodes"), 1),
        can_write="write" in can,
        hard_links="hard links" in can,
        symlinks="symlinks" in can,
    )


def _facts(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.strip():
            found.setdefault(key, []).append(value.strip())
    return found


def _last(facts: dict[str, list[str]], key: str) -> str | None:
    return facts.get(key, [None])[-1]


def _is_jailed(facts: dict[str, list[str]]) -> bool:
    """Tell whether the account sees programs that others chose for it."""
    if any(re.search(r"jailshell$|cagefs$", shell) for shell in facts.get("shell", [])):
        return True
    return not re.search(r":(/usr)?/bin/?:", _last(facts, "path") or "")


def _versions(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield versions and paths, the path that is named first at last: it wins."""
    for line in reversed(lines):
        if found := re.match(r"v?(\d+\.\d+\.\d+)\S* (/.*)", line):
            yield found[1], found[2]


def _number(text: str | None) -> str | None:
    found = re.search(r"(\d+\.\d+)\.?\s*$", text or "")
    return found[1] if found else None


def _quota(facts: dict[str, list[str]]) -> dict[str, int] | None:
    """Return what the quota leaves of the file system of the home, where it limits it.

    A line has the file system; blocks used, wished and at most; then the same of files.
    """
    device = (_last(facts, "blocks") or "").partition(" ")[0]
    for line in facts.get("quota", []):
        name, *rest = line.split()
        used = [int(each.rstrip("*")) for each in rest if re.fullmatch(r"\d+\*?", each)]
        if name == device and len(used) >= 6:
            pairs = {"blocks": used[0:3], "inodes": used[3:6]}
            return {
                key: max(0, (most or wished) - so_far)
                for key, (so_far, wished, most) in pairs.items()
                if most or wished
            }
    return None


def _free(facts: dict[str, list[str]], key: str) -> int | None:
    """Return the fourth column of what df says; some file systems count no inodes."""
    columns = (_last(facts, key) or "").split()
    if len(columns) < 4 or not columns[3].isdecimal() or columns[1] == "0":
        return None
    return int(columns[3])


def _least(one: int | None, other: int | None, unit: int) -> int | None:
    known = [each for each in (one, other) if each is not None]
    return min(known) * unit if known else None


@dataclass(frozen=True)
class ProbeCache:
    """Keeps what was found out about a host that is known by `identity`."""

    path: Path
    identity: str
    clock: Callable[[], float] = field(default=time.time)

    def load(self) -> Probe | None:
        """Return what was found out lately, if anything was."""
        try:
            kept: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            is_fresh = 0 <= self.clock() - kept["at"] < KEEP_SECONDS
            if kept["of"] != self.identity or not is_fresh:
                return None
            facts = {**kept["probe"], "tools": frozenset(kept["probe"]["tools"])}
            return Probe(**facts)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, probe: Probe) -> None:
        """Keep it. Raises OSError."""
        make_private_dir(self.path.parent)
        kept = {"of": self.identity, "at": self.clock(), "probe": plain(probe)}
        write_atomically(self.path, json.dumps(kept))


def plain(probe: Probe) -> dict[str, Any]:
    """Return a probe as JSON has it."""
    return {**asdict(probe), "tools": sorted(probe.tools)}
