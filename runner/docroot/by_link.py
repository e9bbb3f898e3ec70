"""A document root that is a symbolic link to the live release."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace

from ..hosts.host import HostError
from ..preflight import Finding, problem, warning
from .root import DocumentRoot
from .script import run
from .site import BEFORE_NOTE, SERVED_NOTE, Found

# $r: what the link says; $o: the name that what is there gets; $w: a link there is an older one of
# ours; $k: a directory there is a copy of a release. The note about that name comes first: an undo finds the way back after a crash, too. Where
# directories on the way are links themselves, a relative link may lead elsewhere.
_PUBLISH = """
t="$d.deployr-new"; rm -rf "$t"; ln -s "$r" "$t"
[ ! -e "$g" ] || [ "$t" -ef "$g" ] || { rm "$t"; ln -s "$g" "$t"; }
if [ "$w" ] && [ -L "$d" ] && [ -f "$f" ]; then mv -Tf "$t" "$d"
else
if [ "$k" ] && [ -f "$f" ]; then :
elif [ -e "$d" ] || [ -L "$d" ]; then printf '%s\\n' "$o" >"$f"; elif [ ! -f "$f" ]; then : >"$f"; fi
if [ -L "$d" ]; then cp -P "$d" "$o"; mv -Tf "$t" "$d"
elif [ -e "$d" ]; then mv "$d" "$o"; mv -T "$t" "$d" || { mv "$o" "$d"; exit 1; }
else mv -T "$t" "$d"; fi
fi
printf '%s\\n' "$g" >"$n"
"""
_UNDO = """
[ -f "$f" ] || exit 0
o=$(cat "$f")
if [ -L "$o" ]; then { [ -e "$d" ] && [ ! -L "$d" ]; } || mv -Tf "$o" "$d"
elif [ -e "$o" ]; then
[ ! -L "$d" ] || rm "$d"
[ -e "$d" ] || mv "$o" "$d"
elif [ -L "$d" ] && [ -z "$o" ]; then rm "$d"; fi
rm -f "$f" "$n"
"""


class LinkedRoot(DocumentRoot):
    """Once a link, it stays: from then on the switch of `current` alone changes what is served."""

    def publish(self, release: str) -> None:  # noqa: ARG002 - `current` leads to it
        """See DocumentRoot. Only the first time: rename away what is there, and put the link."""
        if self.found.is_served:
            return
        found, self._found = self.found, None
        kept = kept_name(self._site.docroot)
        if self._host.probe.shell == "none":
            self._publish_by_files(kept, is_ours=bool(found.note))
        else:
            site = self._site
            own, copy = (
                "yes" if is_so else "" for is_so in (site.is_own_link(found), found.is_copy)
            )
            run(self._host, site, _PUBLISH, r=site.relative_goal, o=kept, w=own, k=copy)
        self._found = replace(found, kind="link", is_served=True, note=self._site.goal)

    def undo(self) -> None:
        """See DocumentRoot."""
        self._found = None
        if self._host.probe.shell == "none":
            self._undo_by_files()
        else:
            run(self._host, self._site, _UNDO)

    def _publish_by_files(self, kept: str, *, is_ours: bool) -> None:
        files, site = self._host.files, self._site
        before = files.kind(site.docroot)
        if is_ours and before == "link":
            before = "none"  # it is replaced, and what to go back to stays
        if before != "none":
            files.write(site.note(BEFORE_NOTE), kept.encode())
            files.rename(site.docroot, kept)
        try:
            files.link(site.relative_goal, site.docroot)
        except HostError:
            if before != "none":
                files.rename(kept, site.docroot)
            raise
        files.write(site.note(SERVED_NOTE), site.goal.encode())

    def _undo_by_files(self) -> None:
        files, site = self._host.files, self._site
        before, served = (files.read(site.note(name)) for name in (BEFORE_NOTE, SERVED_NOTE))
        kept, there = os.fsdecode(before or b""), files.kind(site.docroot)
        is_kept = bool(kept) and files.kind(kept) != "none"
        if there == "link" and (is_kept or (served and not kept)):
            files.remove(site.docroot)
        if is_kept and there in {"link", "none"}:
            files.rename(kept, site.docroot)
        files.remove(site.note(BEFORE_NOTE), site.note(SERVED_NOTE))

    def _findings(self, found: Found) -> Iterator[Finding]:
        yield from super()._findings(found)
        yield from taken_away(found, self._site.docroot)


def kept_name(docroot: str) -> str:
    """Return the name under which what was served before Deployr is kept."""
    return f"{docroot}.before-deployr-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"


def taken_away(found: Found, docroot: str) -> Iterator[Finding]:
    """Say what else is served from a directory that a first release takes the place of."""
    if found.kind != "dir" or found.note:
        return
    for each in found.domains:
        if each.docroot.startswith(f"{docroot}/"):
            yield problem(
                f"{each.name} is served from {each.docroot}, inside of the document root "
                f"{docroot}, which is renamed; move it first: cPanel, Domains, Manage"
            )
    others = [name for name in found.inside if not name.startswith(".")]
    if others:
        yield warning(
            f"{docroot} holds {', '.join(others)}; the first release takes its place, it stays as "
            f"{docroot}.before-deployr-<time>"
        )
