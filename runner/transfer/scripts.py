"""The shell script that makes a release on a host out of what comes on its standard input.

It relies on the shell itself, tar and what every coreutils has; no name out of a tree is ever in
a command line of it, or in its text. Before the end nothing else is touched than
what a dead deployment left: who sends holds the lock, so nobody needs it any more.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from . import listing

UNUSABLE = 75
"""Exit code: the older release is not what it was, or can't be taken over."""
WORK = ".deployr/incoming-"
TREE = b"tree/"
SUMS, MORE_SUMS = b"sums", b"more"
"""Of what was sent first, and of the rest."""
EARLY = b"early"
"""Comes when all of the first list is there: it is checked while the rest arrives."""
KEPT_SUMS = b"kept"
SIZES = b"sizes"
"""Bytes and number of the files of a release."""
MANIFEST = b"manifest"
PACKED, PLAIN = b"packed\n", b"plain\n"
"""The line before the archive, which says whether gzip has to unpack it."""
_LIST_END = "."
MUCH = b"much"
"""Is there when the quicker way to check sums is worth a process of its own."""

_BEGIN = """LC_ALL=C; export LC_ALL; umask 022
fail() { echo "$1" >&2; exit 1; }
root=<ROOT>; goal=<GOAL>; work=<WORK>
mkdir -p -- "${goal%/*}" "$root/.deployr" && cd -- "$root" || exit 1
umask 077
rm -rf -- .deployr/incoming-* .deployr/held.* .deployr/*.new-* \\
current.new-* shared/.env*.new-<SIGN> && mkdir -p .deployr/manifests || exit 1
[ ! -e "$goal" ] && [ ! -L "$goal" ] || fail "$goal exists already"
mkdir -- "$work" || exit 1
if command -v gzip >/dev/null; then echo '<MARK> gzip'; else echo '<MARK> plain'; fi
"""

# The listing is out before anything is copied, so that both sides work at the same time.
_TAKE_OVER = """trap 'printf "<MARK><NOTHING>"' EXIT
prev=<PREVIOUS>
sum=$(sha256sum 2>/dev/null <".deployr/manifests/${prev##*/}") || exit <UNUSABLE>
[ "${sum%% *}" = <DIGEST> ] && [ -d "$prev" ] && [ ! -L "$prev" ] || exit <UNUSABLE>
list() { (cd -- "$prev" && <LIST> . && echo '<LIST_OK>') 2>/dev/null; }
if command -v gzip >/dev/null; then printf '<MARK>z'; list | gzip -1
else printf '<MARK>t'; list; printf '\\0'; fi
trap - EXIT
cp -al -- "$prev" "$work/tree" 2>/dev/null || { rm -rf -- "$work/tree"
cp -a -- "$prev" "$work/tree" || exit 1; }
set --; end=
while IFS= read -r name; do
if [ "$name" = <LIST_END> ]; then end=yes; break; fi
case $name in *\\\\*) name=$(printf '%bx' "$name"); name=${name%x} ;; esac
set -- "$@" "$work/tree/$name"
[ "$#" -lt 100 ] || { rm -rf -- "$@" || exit 1; set --; }
done
[ "$end" ] || exit 1
[ "$#" -eq 0 ] || rm -rf -- "$@" || exit 1
"""

# The first list is checked in the background, which ends with the script. Fractions of a second
# are not known to every sleep. openssl is often twice as fast; what it does not find right, the
# other looks at: it knows all names, and says which file is wrong.
_UNPACK = """check() { [ -s "$1" ] || return 0
if [ -e much ] && quick "$1" 2>/dev/null; then return 0; fi
sha256sum -c "$1" >"$1.said" 2>&1 && return
while read -r line; do case $line in *': OK') : ;; *) echo "$line" >&2 ;; esac; done <"$1.said"
return 1; }
quick() { command -v cmp >/dev/null && cut -c67- "$1" |
xargs -d '\\n' openssl dgst -sha256 -r | cmp -s - "$1"; }
cd -- "$work" || exit 1
first=
if command -v sha256sum >/dev/null; then
(until [ -e early ]; do kill -0 "$$" 2>/dev/null || exit 1; sleep 0.1 2>/dev/null || sleep 1; done
check sums) & first=$!
fi
IFS= read -r how || exit 1
if [ "$how" = <PACKED> ]; then gzip -dc | tar -xpof - || exit 1
else tar -xpof - || exit 1; fi
[ -f manifest ] || fail 'the archive ended too early'
"""

_BY_SUM = """wrong='what arrived is not what was sent'
check more || fail "$wrong"
wait "$first" || fail "$wrong"
check kept || exit <UNUSABLE>
"""

# Where there is no sha256sum: how much there is, and in how many files.
_BY_SIZE = """walk() { for one in "$1"/* "$1"/.[!.]* "$1"/..?*; do
if [ -L "$one" ]; then :
elif [ -d "$one" ]; then walk "$one"
elif [ -f "$one" ]; then printf x >>files; cat -- "$one"; fi; done; }
: >files
bytes=$(walk tree | wc -c) && files=$(wc -c <files) && read -r wanted <sizes || exit 1
[ "$((bytes)) $((files))" = "$wanted" ] || fail 'what arrived is not what was sent'
"""

_END = """cd -- "$root" && mv -- "$work/manifest" ".deployr/manifests/${goal##*/}" &&
mv -- "$work/tree" "$goal" && rm -rf -- "$work"
"""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a script is to do."""

    goal: str
    """Absolute; two levels below the deploy root."""
    mark: str
    """Comes before the listing in the output, and before a word that tells whether gzip is there."""
    previous: str | None = None
    """Absolute path of the release to take over."""
    digest: str = ""
    """Of its manifest."""

    @property
    def root(self) -> str:
        """The deploy root."""
        return self.goal.rsplit("/", 2)[0]

    def script(self) -> str:
        """Return the script; it ends with UNUSABLE when the older release can't be used."""
        take_over = _TAKE_OVER if self.previous else ""
        parts = (_BEGIN, take_over, _UNPACK, 'if [ "$first" ]; then\n', _BY_SUM)
        text = "".join((*parts, "else\n", _BY_SIZE, "fi\n", _END))
        facts = {
            "ROOT": shlex.quote(self.root),
            "GOAL": shlex.quote(self.goal),
            "WORK": shlex.quote(WORK + self.goal.rpartition("/")[2]),
            "MARK": self.mark,
            "SIGN": "?" * 32,  # of a file that ShellFiles had not put in its place yet
            "PREVIOUS": shlex.quote(self.previous or ""),
            "DIGEST": self.digest,
            "LIST": listing.COMMAND,
            "LIST_END": _LIST_END,
            "LIST_OK": listing.IS_WHOLE,
            "NOTHING": listing.NOTHING,
            "PACKED": PACKED.decode().strip(),
            "UNUSABLE": str(UNUSABLE),
        }
        return re.sub(r"<([A-Z_]+)>", lambda found: facts[found[1]], text)


def name_list(paths: Iterable[str]) -> bytes:
    """Return paths as the script reads them: one a line, with an end."""
    lines = [path.replace("\\", "\\0134").replace("\n", "\\0012") for path in paths]
    return "\n".join([*lines, _LIST_END, ""]).encode(errors="surrogateescape")


def sum_list(sums: Iterable[tuple[str, str]]) -> bytes:
    """Return paths and sums as sha256sum reads them."""
    lines = []
    for path, found in sums:
        name = f"tree/{path}"
        if "\\" in name or "\n" in name or name.endswith("\r"):
            plain = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
            lines.append(f"\\{found} *{plain}\n")
        else:
            lines.append(f"{found} *{name}\n")
    return "".join(lines).encode(errors="surrogateescape")
