"""Document roots: how what the web server serves comes to be the live release.

A deployment calls `look` and `findings` before it builds, `tend` on the built tree, `seed` before
the tree is sent, `publish` after `current` was switched (also back), and `undo` when a first release
turned out to be bad.
"""

from ..hosts.host import Host
from .by_link import LinkedRoot
from .by_swap import SwappedRoot
from .by_uapi import UapiRoot
from .root import DocumentRoot
from .site import Found, Site

__all__ = ["DocumentRoot", "Found", "Site", "document_root"]


def document_root(host: Host, site: Site) -> DocumentRoot:
    """Return what sets the document root of a site.

    A domain is told to cPanel; a directory becomes a link, or is exchanged where no links are
    served.
    """
    if not site.follows_links:
        return SwappedRoot(host, site)
    return UapiRoot(host, site) if site.domain else LinkedRoot(host, site)
