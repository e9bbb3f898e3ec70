"""Puts what hosters keep in a document root into a built tree, before it is sent.

The tree is a build's, which nobody here trusts: links in it are not followed.
"""

import contextlib
import os
import stat
from pathlib import Path, PurePath

from ..descriptors import create, directory, directory_below, mode_of, opened
from .htaccess import with_parts
from .site import HTACCESS, WELL_KNOWN, Found, Site

CHALLENGES = ("acme-challenge", "pki-validation")
"""Where hosters put what proves a domain for its certificate."""
_MAX_BYTES = 1024 * 1024


def tend(tree: Path, site: Site, found: Found) -> None:
    """Put links to the shared `.well-known` and `.htaccess` into a tree that has none of its own.

    In its own `.well-known` it gets links to what it lacks; its own `.htaccess` gets the hosters'
    parts of the live one. Where links are not served, `.htaccess` is copied and `.well-known` left
    to the exchange. Raises OSError.
    """
    with directory_below(tree, PurePath(site.public)) as public:
        if site.follows_links:
            names = found.live_well_known if found.well_known is None else found.well_known
            _well_known(public, site, names)
        _htaccess(public, site, found)


def _well_known(public: int, site: Site, names: tuple[str, ...]) -> None:
    mode = mode_of(WELL_KNOWN, public)
    if not mode:
        os.symlink(f"{site.shared}/{WELL_KNOWN}", WELL_KNOWN, dir_fd=public)
    if not stat.S_ISDIR(mode):
        return
    with directory(WELL_KNOWN, public) as own:
        for name in dict.fromkeys((*CHALLENGES, *names)):
            with contextlib.suppress(FileExistsError):
                os.symlink(f"../{site.shared}/{WELL_KNOWN}/{name}", name, dir_fd=own)


def _htaccess(public: int, site: Site, found: Found) -> None:
    mode = mode_of(HTACCESS, public)
    shared = found.htaccess if found.htaccess is not None else seed_of(found)
    if not mode and site.follows_links and shared is not None:
        os.symlink(f"{site.shared}/{HTACCESS}", HTACCESS, dir_fd=public)
    elif not mode and shared is not None:
        _write(public, with_parts(shared, found.live_htaccess))
    elif stat.S_ISREG(mode):
        with opened(HTACCESS, public) as fd, os.fdopen(os.dup(fd), "rb") as file:
            own = file.read(_MAX_BYTES + 1)
        if len(own) <= _MAX_BYTES and (text := with_parts(own, found.live_htaccess)) != own:
            _write(public, text)


def seed_of(found: Found) -> bytes | None:
    """Return what becomes the shared `.htaccess`: the one of a directory that nobody deployed to."""
    return found.live_htaccess if found.kind == "dir" and not found.note else None


def _write(public: int, text: bytes) -> None:
    """Replace it by a file of its own: the old one may be a hard link to a cache's."""
    fresh = f"{HTACCESS}.deployr-new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=public)
    with os.fdopen(create(fresh, public), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
    os.rename(fresh, HTACCESS, src_dir_fd=public, dst_dir_fd=public)
