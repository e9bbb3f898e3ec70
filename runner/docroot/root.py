"""What every way to set a document root has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from ..hosts.host import Host
from ..preflight import Finding, problem, warning
from .htaccess import with_parts
from .look import look
from .script import run
from .site import HTACCESS, WELL_KNOWN, Found, Site
from .tend import CHALLENGES, seed_of, tend

# Seen as a whole or not at all: a name that is there counts as seeded.
_SEED = f"""
t="$s/{WELL_KNOWN}.deployr-new"; rm -rf "$t"; mkdir -p "$t"
[ ! -d "$l/{WELL_KNOWN}" ] || cp -a "$l/{WELL_KNOWN}/." "$t/"
for each in {" ".join(CHALLENGES)}; do mkdir -p "$t/$each"; done
chmod 755 "$t"; mv "$t" "$s/{WELL_KNOWN}"
"""


class DocumentRoot(ABC):
    """The document root of one site, and what was found there; methods raise HostError."""

    def __init__(self, host: Host, site: Site) -> None:
        self._host = host
        self._site = site
        self._found: Found | None = None

    def look(self) -> Found:
        """Look at the host; change nothing. One round trip where there is a shell."""
        self._found = look(self._host, self._site)
        return self._found

    @property
    def found(self) -> Found:
        """What was found, with what was changed through this object."""
        return self._found or self.look()

    def findings(self) -> list[Finding]:
        """Say what stands in the way."""
        return list(self._findings(self.found))

    def tend(self, tree: Path) -> None:
        """Put what hosters keep in a document root into a built tree: `.well-known`, `.htaccess`.

        No round trip. Raises OSError.
        """
        tend(tree, self._site, self.found)

    def seed(self) -> None:
        """Keep what the document root has of that in `shared/`; no round trip once that is done."""
        found, site, host = self.found, self._site, self._host
        if found.well_known is None and host.probe.shell == "none":
            names = (site.below("shared", WELL_KNOWN, each) for each in CHALLENGES)
            host.files.make_dirs(*names)
        elif found.well_known is None:
            run(host, site, _SEED)
        kept = found.htaccess if found.htaccess is not None else seed_of(found)
        if kept is None:
            return
        text = with_parts(kept, found.live_htaccess)
        if text != found.htaccess:
            host.files.write(site.below("shared", HTACCESS), text, 0o644)

    @abstractmethod
    def publish(self, release: str) -> None:
        """Have the web server serve `release`, which `current` leads to; nothing if it does."""

    @abstractmethod
    def undo(self) -> None:
        """Give visitors back what the document root was before the first release."""

    def _findings(self, found: Found) -> Iterator[Finding]:
        site = self._site
        if not found.has_parent:
            yield problem(
                f"the directory above the document root {site.docroot} does not exist on "
                f"{self._host.name}; correct --docroot in `deployr-runner allow add`"
            )
        if found.holds_root:
            yield problem(
                f"{site.root} is inside of the document root {site.docroot} by way of a link, so the "
                "web server would serve what is private; choose another --path"
            )
        elif found.kind == "file":
            yield problem(f"the document root {site.docroot} is a file, not a directory")
        elif not found.may_replace and not found.is_served and not site.domain:
            yield problem(
                f"{site.docroot} can't be replaced by {self._host.name}, who may not write in the "
                "directory above; correct --docroot in `deployr-runner allow add`"
            )
        if self._host.probe.shell == "none" and found.kind == "dir" and found.well_known is None:
            yield warning(
                f"{self._host.name} runs no commands, so what {site.docroot}/{WELL_KNOWN} holds "
                f"can't be copied; upload what you need of it to {site.below('shared', WELL_KNOWN)}"
            )
