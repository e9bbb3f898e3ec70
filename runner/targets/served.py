"""How visitors of a hosting account come to get the live release."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from .. import native, opcache, passenger
from ..allowlist import Allow
from ..docroot import DocumentRoot, Site, document_root
from ..hosts.host import Host, HostError, Kind
from ..hosts.steady import Again
from ..preflight import Finding, warning
from ..preflight.account import serving_php


class Served:
    """By the document root, or by Passenger; methods raise HostError."""

    def __init__(
        self, host: Host, entry: Allow, again: Again, say: Callable[[str], object]
    ) -> None:
        self._host = host
        self._entry = entry
        self._again = again
        self._say = say
        self._public: str | None = ""

    def choose(self, public: str | None) -> None:
        """Say what is served of a release, as `Target.serve` does."""
        if public != self._public:
            self._public = public
            self.__dict__.pop("_docroot", None)

    def findings(self) -> list[Finding]:
        """Say what stands in the way of the document root."""
        if self._entry.docroot is None and self._public is not None:
            served = f"{self._entry.path}/current/{self._public}".rstrip("/")
            return [
                warning(
                    f"no document root was named, so visitors get {served} only if you lead the web "
                    "server there; else add --docroot to `deployr-runner allow add`"
                )
            ]
        return self._docroot.findings() if self._docroot else []

    def php(self) -> str | None:
        """Return which PHP serves the document root, as `8.3`, where that is written there."""
        if self._docroot is None:
            return None
        found = self._docroot.found
        return serving_php(found.live_htaccess or found.htaccess)

    def ready(self, tree: Path) -> list[Finding]:
        """Put into a built tree what the web server needs there; say why it can't serve it."""
        if self._public is None:
            return native.findings(tree, self._host.probe, self._host.name)
        if self._docroot:
            self._docroot.tend(tree)
            self._again(self._docroot.seed)
        return []

    def make_way(self, release: str) -> None:
        """See to it that nobody gets what is not for visitors once `current` leads to a release.

        The releases before may have been of another kind: static files, or all in `public`.
        """
        if self._public is None:
            self._again(self._withdraw)
            return
        root = None if self._entry.copy_docroot else self._docroot
        if self._public and root and root.found.note:  # it may lead to all of `current`
            self._again(lambda: self._publish(release))

    def publish(self, release: str) -> None:
        """Serve a release, to which `current` leads already."""
        self._again(lambda: self._publish(release))

    def take_back(self) -> bool:
        """Serve what was there before the first release; tell whether there is a way to."""
        if self._docroot:
            self._again(self._docroot.undo)
        return self._docroot is not None

    def forget_code(self, url: str, releases: Sequence[str]) -> str | None:
        """Do as Target says; `releases` are the live one, and the one that was before."""
        entry = self._entry
        tops = [f"{entry.path}/releases/{name}/{self._public or ''}" for name in releases]
        if entry.copy_docroot and entry.docroot:
            tops = [entry.docroot]
        return opcache.reset_caches(self._host, [top.rstrip("/") for top in tops], url)

    def _publish(self, release: str) -> None:
        if self._public is None:
            passenger.put_startup_file(self._host, self._entry.path)
            passenger.restart(self._host, self._entry.path, release)
        elif self._docroot:
            before = self._docroot.found
            self._docroot.publish(release)
            if not before.note and not before.is_served:
                self._tell(before.kind)

    def _tell(self, kind: Kind) -> None:
        """Say what became of a document root that Deployr had not set before."""
        docroot = self._entry.docroot
        is_kept = kind == "dir" and not self._entry.domain
        kept = f"; what it held is kept as {docroot}.before-deployr-<time>" if is_kept else ""
        self._say(f"{self._entry.domain or docroot} shows the live release from now on{kept}")

    def _withdraw(self) -> None:
        """Have no document root show the files of a server."""
        if (root := self._root("")) is None:
            return
        if root.found.note or root.found.is_served:
            root.undo()
            if root.look().is_served:
                raise HostError(
                    f"the document root {self._entry.docroot} leads to {self._entry.path}/current, so "
                    "everybody could read the files of this server: make it a directory"
                )

    @cached_property
    def _docroot(self) -> DocumentRoot | None:
        """What sets the document root; None where the owner did, or Passenger serves."""
        return None if self._public is None else self._root(self._public)

    def _root(self, public: str) -> DocumentRoot | None:
        if self._entry.docroot is None:
            return None
        site = Site(
            root=self._entry.path,
            public=public,
            docroot=self._entry.docroot,
            domain=self._entry.domain,
            follows_links=not self._entry.copy_docroot,
        )
        return document_root(self._host, site)
