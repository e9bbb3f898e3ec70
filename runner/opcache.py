"""Has the PHP of a web server forget what it compiled, by one call of a page that removes itself.

No command line reaches that PHP: it is another process, and often another user's.
"""

import hashlib
import secrets
from collections.abc import Sequence
from urllib.parse import urljoin

import requests

from .health import get
from .hosts.host import Host, HostError, LostError

_HEADER = "X-Deployr-Token"
_DONE, _GONE = "deployr: reset", "deployr: reset and gone"

# Only a hash of the token is on the host: whoever can read or guess the page can't have it reset
# anything. opcache_reset() has each worker drop its cache of real paths too, with its next request.
_PAGE = """<?php
$gone = @unlink(__FILE__);
header('Cache-Control: no-store');
if (!hash_equals('{digest}', hash('sha256', $_SERVER['HTTP_X_DEPLOYR_TOKEN'] ?? ''))) {{
    http_response_code(404);
    exit;
}}
clearstatcache(true);
if (function_exists('opcache_reset')) {{ opcache_reset(); }}
echo $gone ? '{gone}' : '{done}';
"""


def reset_caches(host: Host, publics: Sequence[str], url: str) -> str | None:
    """Reset the caches of the PHP that serves the directories `publics` of the host as `url`.

    These are the one that is served and the one before: a process that remembers where a link led
    looks for the page there. Returns None, or why it failed, as a warning: the caches are out of date by themselves within
    minutes. Raises LostError.
    """
    name, token = f"deployr-{secrets.token_hex(16)}.php", secrets.token_hex(16)
    digest = hashlib.sha256(token.encode()).hexdigest()
    page = _PAGE.format(digest=digest, gone=_GONE, done=_DONE).encode()
    places, said = [f"{public}/{name}" for public in publics], ""
    try:
        for place in places:
            host.files.write(place, page, 0o644)
        said, trouble = _call(urljoin(f"{url.rstrip('/')}/", name), token)
        if said != _GONE or len(places) > 1:
            host.files.remove(*places)
    except LostError:
        raise
    except HostError as error:
        trouble = str(error)
    if said in {_DONE, _GONE}:
        return None
    return (
        f"PHP's caches were not reset ({trouble}): visitors, and a health check, may get code of the "
        "release before for two minutes"
    )


def _call(url: str, token: str) -> tuple[str, str]:
    """Return what the page says, and what is wrong with it; the name of the page is in neither."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.headers[_HEADER] = token
            with get(session, url) as answer:
                text = next(answer.iter_content(len(_GONE) + 1), b"").decode("utf-8", "replace")
                if answer.status_code == 200 and text in {_DONE, _GONE}:
                    return text, ""
                return "", f"the site answers with status {answer.status_code}"
    except requests.RequestException as error:
        return "", f"no answer: {type(error).__name__}"
