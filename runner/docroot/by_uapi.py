"""The document root of a sub- or addon domain, which cPanel changes when it is asked to."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote

from ..hosts.host import HostError
from ..preflight import Finding, problem
from .domains import read_answer
from .root import DocumentRoot
from .script import run
from .site import Found


class UapiRoot(DocumentRoot):
    """cPanel is asked once; from then on the switch of `current` alone changes what is served."""

    def publish(self, release: str) -> None:  # noqa: ARG002 - `current` leads to it
        """See DocumentRoot. Only the first time; nothing is renamed."""
        if self.found.note == self._site.goal:
            return
        found, self._found = self.found, None
        self._change(self._site.goal, 'echo "$d" >"$f"; echo "$g" >"$n"')
        self._found = replace(found, note=self._site.goal)

    def undo(self) -> None:
        """See DocumentRoot."""
        if self.found.note == self._site.goal:
            self._found = None
            self._change(self._site.docroot, 'rm -f "$f" "$n"')

    def _change(self, docroot: str, after: str) -> None:
        """Ask cPanel, and do what is to be done `after` it agreed. Raises HostError."""
        domain, place = self._site.domain or "", quote(self._inside(docroot), safe="")
        words = ("SubDomain", "changedocroot", f"domain={domain}", f"docroot={place}")
        said = run(self._host, self._site, f"uapi --output=json {shlex.join(words)}\n")
        _, refusal = read_answer(said)
        if refusal:
            raise HostError(
                f"cPanel does not serve {domain} from {docroot}: {refusal}; set it by hand (cPanel, "
                "Domains, Manage), or leave --domain out: the document root becomes a link then"
            )
        run(self._host, self._site, after)

    def _inside(self, docroot: str) -> str:
        """Return the path inside of the home, as cPanel wants it."""
        place, home = PurePosixPath(docroot), self._host.probe.home
        return str(place.relative_to(home)) if place.is_relative_to(home) else docroot

    def _findings(self, found: Found) -> Iterator[Finding]:
        yield from super()._findings(found)
        domain, name = self._site.domain, self._host.name
        leave_out = "leave --domain out: the document root becomes a link then"
        if found.note == self._site.goal:
            return
        if "uapi" not in self._host.probe.tools:
            yield problem(f"{name} has no `uapi` to change the document root with; {leave_out}")
        elif found.refusal:
            yield problem(f"cPanel does not name the domains of {name}: {found.refusal}")
        elif (known := {each.name: each for each in found.domains}) and domain in known:
            if known[domain].is_main:
                yield problem(
                    f"cPanel changes no document root of a primary domain ({domain}); {leave_out}"
                )
        else:
            listed = ", ".join(known) or "none"
            yield problem(f"{domain} is no domain of {name}, which has: {listed}")
