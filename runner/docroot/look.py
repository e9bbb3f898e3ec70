"""One look at the document root of a host: a script where there is a shell, else by its files."""

from ..hosts.host import Host, Kind
from .domains import read_domains
from .script import ask
from .site import HTACCESS, SERVED_NOTE, WELL_KNOWN, Found, Site

# Only what every shell and every jail has.
_SCRIPT = """
if [ -L "$d" ]; then k=link; elif [ -d "$d" ]; then k=dir; elif [ -e "$d" ]; then k=file
else k=none; fi
echo "$b kind"; echo "$k"
[ "$k" != link ] || { echo "$b goal"; readlink "$d"; }
u=$(dirname "$d"); [ ! -d "$u" ] || { echo "$b parent"; [ -w "$u" ] || echo closed; }
[ ! -d "$d" ] || [ ! "$d" -ef "$g" ] || { echo "$b served"; echo yes; }
[ ! -f "$n" ] || { echo "$b note"; cat "$n"; }
[ ! -d "$s/.well-known" ] || { echo "$b well-known"
for p in "$s/.well-known"/*; do [ ! -e "$p" ] || echo "${p##*/}"; done; }
[ ! -f "$s/.htaccess" ] || { echo "$b htaccess"; cat "$s/.htaccess"; }
[ ! -f "$l/.htaccess" ] || { echo "$b live"; cat "$l/.htaccess"; }
[ ! -d "$l/.well-known" ] || { echo "$b live well-known"
for p in "$l/.well-known"/*; do [ ! -e "$p" ] || echo "${p##*/}"; done; }
[ "$k" != dir ] || { r=${s%/*}; while [ ! -d "$r/" ]; do r=${r%/*}; done
r=$(cd -P -- "$r/" && pwd)
case "$r/" in "$(cd -P -- "$d" && pwd)"/*) echo "$b root inside"; echo yes ;; esac
echo "$b inside"
for p in "$d"/*/; do p=${p%/}; [ ! -d "$p" ] || echo "${p##*/}"; done; }
"""
# Takes a second, so only while it may matter: before the document root was set.
_DOMAINS = """[ "$k" = link ] || [ -f "$n" ] || {
echo "$b domains"; uapi --output=json DomainInfo domains_data || true; }
"""


def look(host: Host, site: Site) -> Found:
    """Return what is there. Raises HostError."""
    if host.probe.shell == "none":
        return _by_files(host, site)
    said = ask(host, site, _SCRIPT + (_DOMAINS if "uapi" in host.probe.tools else "") + "true\n")
    goal = _text(said, "goal")
    domains, refusal = read_domains(said["domains"]) if "domains" in said else ((), "")
    return Found(
        kind=_KINDS[_text(said, "kind")],
        goal=goal,
        has_parent="parent" in said,
        may_replace=_text(said, "parent") != "closed",
        is_served=goal in {site.goal, site.relative_goal}
        or ("served" in said and "/releases/" not in goal),
        well_known=_names(said, "well-known"),
        live_well_known=_names(said, "live well-known") or (),
        htaccess=said.get("htaccess"),
        live_htaccess=said.get("live"),
        inside=_names(said, "inside") or (),
        holds_root="root inside" in said,
        domains=domains,
        refusal=refusal,
        note=_text(said, "note"),
    )


_KINDS: dict[str, Kind] = {"file": "file", "dir": "dir", "link": "link", "none": "none"}


def _text(said: dict[str, bytes], name: str) -> str:
    return said.get(name, b"").decode(errors="surrogateescape").removesuffix("\n")


def _names(said: dict[str, bytes], name: str) -> tuple[str, ...] | None:
    return tuple(_text(said, name).splitlines()) if name in said else None


def _by_files(host: Host, site: Site) -> Found:
    """Look without a shell: what a link says, and what is in a directory, stays unknown."""
    files = host.files
    shared, live = (f"{place}/{HTACCESS}" for place in (site.below("shared"), site.docroot))
    kind = files.kind(site.docroot)
    note = (files.read(site.note(SERVED_NOTE)) or b"").decode(errors="replace").rstrip("\n")
    is_seeded = files.kind(site.below("shared", WELL_KNOWN)) != "none"
    return Found(
        kind=kind,
        has_parent=kind != "none" or files.kind(site.docroot.rpartition("/")[0] or "/") != "none",
        is_served=kind == "link" and note == site.goal,
        well_known=() if is_seeded else None,
        htaccess=files.read(shared),
        live_htaccess=files.read(live),
        note=note,
    )
