"""The document root of a sub- or addon domain, which cPanel changes when it is asked to."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote

from ..hosts.host import HostError, LostError
from ..preflight import Finding, problem
from .domains import read_answer
from .root import DocumentRoot
from .script import ask, run
from .site import Found


class UapiRoot(DocumentRoot):
    """cPanel is asked once; from then on the switch of `current` alone changes what is served."""

    def publish(self, release: str) -> None:  # noqa: ARG002 - `current` leads to it
        """See DocumentRoot. Only the first time; nothing is renamed."""
        if self.found.note == self._site.goal:
            return
        found, self._found = self.found, None
        # The note of the way back comes first: also a change that nobody heard of is taken back.
        self._change(self._site.goal, 'printf "%s\\n" "$d" >"$f"', 'printf "%s\\n" "$g" >"$n"')
        self._found = replace(found, note=self._site.goal)

    def undo(self) -> None:
        """See DocumentRoot."""
        was_agreed, self._found = bool(self.found.note), None
        try:
            self._change(self._site.docroot, '[ -f "$f" ] || exit 0', 'rm -f "$f" "$n"')
        except HostError as error:
            if was_agreed or isinstance(error, LostError):
                raise  # else it refused before, too

    def _change(self, docroot: str, before: str, after: str) -> None:
        """Ask cPanel, and do what is to be done `after` it agreed. Raises HostError."""
        domain, place = self._site.domain or "", quote(self._inside(docroot), safe="")
        words = ("SubDomain", "changedocroot", f"domain={domain}", f"docroot={place}")
        asking = f'{before}\necho "$b said"\nuapi --output=json {shlex.join(words)}\n'
        said = ask(self._host, self._site, asking).get("said")
        if said is None:
            return
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
        if found.note:  # it agreed before; its domains were not asked for
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
