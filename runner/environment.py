"""Environments of child processes: built from nothing, so that the runner's own never leaks in."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SSH = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"

# The owner's way to the network: proxies, and authorities that sign what comes through them.
_NETWORK = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
)

# The owner's own git credentials are for git alone.
_GIT_CREDENTIALS = ("GIT_ASKPASS", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK")


def base() -> dict[str, str]:
    """Return what every child process gets."""
    return {
        "PATH": os.environ.get("PATH", _DEFAULT_PATH),
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
        **_inherited(_NETWORK),
    }


def for_git() -> dict[str, str]:
    """Return the environment of git: it never asks, and no GIT_TRACE prints credentials."""
    credentials = _inherited(_GIT_CREDENTIALS)
    return {"GIT_SSH_COMMAND": _SSH, **base(), **credentials, "GIT_TERMINAL_PROMPT": "0"}


def for_app(
    recipe: Mapping[str, str],
    env_file: Mapping[str, str],
    manifest: Mapping[str, str],
    facts: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment of build and hook commands; later arguments win."""
    return {**base(), "CI": "true", **recipe, **env_file, **manifest, **facts}


def _inherited(names: Iterable[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
