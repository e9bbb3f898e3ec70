"""What is known of a site: as the owner said it, and as it was found."""

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from ..hosts.host import Kind

WELL_KNOWN, HTACCESS = ".well-known", ".htaccess"
SERVED_NOTE, BEFORE_NOTE = "docroot", "docroot-before"


class Domain(NamedTuple):
    """A domain of a hosting account."""

    name: str
    docroot: str
    is_main: bool


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a web server looks, and what it shall find there."""

    root: str
    """The deploy root."""
    public: str
    """What visitors get of a release: `public` or, for all of it, nothing."""
    docroot: str
    """The directory that the web server serves; with a `domain`, the one it served so far."""
    domain: str | None = None
    """A sub- or addon domain, whose document root cPanel is asked to change."""
    follows_links: bool = True
    """Whether the host has symbolic links, and its web server serves what is behind them."""

    @property
    def goal(self) -> str:
        """What is served from then on, by way of the link `current`."""
        return self.below("current", self.public)

    @property
    def relative_goal(self) -> str:
        """The same, as a link in place of the document root says it.

        Relative: an account that is locked into its home sees other absolute paths than Apache.
        """
        return self.link_to(self.goal)

    def link_to(self, goal: str) -> str:
        """Return what a link in place of the document root says to lead to `goal`."""
        return os.path.relpath(goal, PurePosixPath(self.docroot).parent)

    @property
    def shared(self) -> str:
        """What releases share, as links in a release's public directory say it."""
        return "../" * len(PurePosixPath("releases/x", self.public).parts) + "shared"

    def is_own_link(self, found: "Found") -> bool:
        """Tell whether what is there is a link that was made for an earlier release."""
        note = found.note
        return found.kind == "link" and bool(note) and found.goal in {note, self.link_to(note)}

    def below(self, *parts: str) -> str:
        """Return a path below the deploy root."""
        return str(PurePosixPath(self.root, *parts))

    def note(self, name: str) -> str:
        """Return where a note is kept."""
        return self.below(".deployr", name)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one look at a host told."""

    kind: Kind
    """What is at the document root."""
    goal: str = ""
    """What a link there says, where that could be read."""
    has_parent: bool = True
    may_replace: bool = True
    """Whether names beside the document root may be changed."""
    is_served: bool = False
    """Whether visitors get the live release already."""
    well_known: tuple[str, ...] | None = None
    """What stands in the shared `.well-known`; None: it is not seeded."""
    live_well_known: tuple[str, ...] = ()
    """What stands in the one that visitors see."""
    htaccess: bytes | None = None
    """The shared `.htaccess`."""
    live_htaccess: bytes | None = None
    """The one that the web server reads now."""
    inside: tuple[str, ...] = ()
    """Directories in the document root, as far as they could be listed."""
    holds_root: bool = False
    """Whether the deploy root stands in it, by way of a link."""
    domains: tuple[Domain, ...] = ()
    """The account's domains, where cPanel named them."""
    refusal: str = ""
    """Why it did not."""
    note: str = ""
    """What was noted when the document root was set last."""

    @property
    def is_copy(self) -> bool:
        """Whether what is there is the copy of a release; a link's note is a path."""
        return self.kind == "dir" and bool(self.note) and not self.note.startswith("/")
