"""A document root that is a directory and is exchanged: where links are not served."""

from collections.abc import Iterator
from dataclasses import replace

from ..preflight import Finding, problem
from .by_link import kept_name, taken_away
from .root import DocumentRoot
from .script import run
from .site import Found
from .tend import CHALLENGES

# $p: what visitors get of the release; $v: its name; $c: how to copy. The directories that prove a
# domain are taken from the live document root: the hoster writes there at any time. `.htaccess` is
# no hard link: cPanel edits the live one, and the release must stay what it was. A release that was
# made to be served by a link has a link in place of `.well-known`.
_PUBLISH = f"""
t="$d.deployr-new"; x="$d.deployr-old"
[ -e "$d" ] || [ ! -e "$x" ] || mv "$x" "$d"
rm -rf "$t" "$x"; mkdir "$t"
proofs() {{ [ ! -d "$s/.well-known" ] || cp -a "$s/.well-known" "$t/"
for each in {" ".join(CHALLENGES)}; do [ ! -d "$d/.well-known/$each" ] || {{
rm -rf "$t/.well-known/$each"; cp -a "$d/.well-known/$each" "$t/.well-known/"; }}; done; }}
if [ -L "$p/.well-known" ]; then cp $c "$p/." "$t/"; rm "$t/.well-known"; proofs
else proofs; cp $c "$p/." "$t/"; fi
[ ! -f "$p/.htaccess" ] || {{ rm "$t/.htaccess"; cp -p "$p/.htaccess" "$t/.htaccess"; }}
if [ -f "$n" ] || [ ! -e "$d" ]; then [ -f "$f" ] || : >"$f"
[ ! -e "$d" ] || mv "$d" "$x"; mv "$t" "$d" || {{ mv "$x" "$d"; exit 1; }}
else echo "$o" >"$f"; mv "$d" "$o"; mv "$t" "$d" || {{ mv "$o" "$d"; exit 1; }}; fi
echo "$v" >"$n"; rm -rf "$x"
"""
_UNDO = """
[ -f "$f" ] || exit 0
o=$(cat "$f"); x="$d.deployr-old"; rm -rf "$x"
if [ -n "$o" ] && [ -e "$o" ]; then [ ! -e "$d" ] || mv "$d" "$x"; mv "$o" "$d"
elif [ -z "$o" ] && [ -f "$n" ] && [ -e "$d" ]; then mv "$d" "$x"; fi
rm -rf "$x" "$f" "$n"
"""


class SwappedRoot(DocumentRoot):
    """Between the two renames of an exchange, for some milliseconds, there is no document root."""

    def publish(self, release: str) -> None:
        """See DocumentRoot. Copies the release, by hard links where there are any."""
        if self.found.note == release and self.found.kind == "dir":
            return
        found, self._found = self.found, None
        run(
            self._host,
            self._site,
            _PUBLISH,
            p=self._site.below("releases", release, self._site.public),
            v=release,
            c="-alf" if "cp -al" in self._host.probe.tools else "-a",
            o=kept_name(self._site.docroot),
        )
        self._found = replace(found, kind="dir", note=release)

    def undo(self) -> None:
        """See DocumentRoot."""
        self._found = None
        run(self._host, self._site, _UNDO)

    def _findings(self, found: Found) -> Iterator[Finding]:
        yield from super()._findings(found)
        if self._host.probe.shell == "none":
            yield problem(
                f"{self._host.name} runs no commands and has no symbolic links, so no release can "
                "take the place of another in one step; ask the hoster for a shell"
            )
        if found.kind == "link" and not self._site.is_own_link(found):
            yield problem(
                f"the document root {self._site.docroot} is a symbolic link, and this web server "
                "serves none; make it a directory"
            )
        yield from taken_away(found, self._site.docroot)
