"""Environments of child processes: built from nothing, so that the runner's own never leaks in."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SSH = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"

# Git needs the way to the network and to the owner's own credentials, and nothing else.
_GIT_INHERITS = (
    "GIT_ASKPASS",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
)


def base() -> dict[str, str]:
    """Return what every child process gets."""
    return {
        "PATH": os.environ.get("PATH", _DEFAULT_PATH),
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    }


def for_git() -> dict[str, str]:
    """Return the environment of git: it never asks, and no GIT_TRACE prints credentials."""
    inherited = {name: os.environ[name] for name in _GIT_INHERITS if name in os.environ}
    return {"GIT_SSH_COMMAND": _SSH, **base(), **inherited, "GIT_TERMINAL_PROMPT": "0"}


def for_app(
    recipe: Mapping[str, str], manifest: Mapping[str, str], facts: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of build and hook commands; later arguments win."""
    return {**base(), "CI": "true", **recipe, **manifest, **facts}
