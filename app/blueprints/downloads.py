"""The installer of runners and what it fetches, as `tools/build-dist.sh` has built them."""

import hashlib
import re
import shlex
from pathlib import Path

from flask import Blueprint, Response, current_app, request

from app.address import base_url
from app.auth import public
from app.errors import NotFound, Unavailable

blueprint = Blueprint("downloads", __name__)

_NAME = re.compile(r"runner-requirements\.txt|deployr-[0-9A-Za-z.+]+-py3-none-any\.whl")
_ADDRESS = re.compile(r"https?://[0-9A-Za-z.:\[\]-]+(/[0-9A-Za-z._~/-]*)?")
_BLANK = b"\nbackend=''\n"
"""The line of the installer that is to hold the backend's address."""


@blueprint.get("/install-runner.sh")
@public
def installer() -> Response:
    """Send the installer with this backend's own address in it."""
    try:
        script = (_folder() / "install-runner.sh").read_bytes()
    except OSError:
        raise Unavailable(
            "installer_missing",
            "This backend has no installer: its operator runs `make dist`, or tools/build-dist.sh "
            "dist, in its directory. install-runner.sh of a checkout does the same.",
        ) from None
    address = base_url()
    # It is run as root elsewhere: an address that needs quotes is none.
    if _ADDRESS.fullmatch(address):
        line = f"\nbackend={shlex.quote(address)}\n".encode()
        script = script.replace(_BLANK, line, 1)
    return _file(script, "application/x-sh")


@blueprint.get("/dist/<name>")
@public
def download(name: str) -> Response:
    """Send the wheel, or the hashed list of the packages that it needs."""
    if not _NAME.fullmatch(name):
        raise NotFound("file")
    try:
        data = (_folder() / name).read_bytes()
    except OSError:
        raise NotFound("file") from None
    return _file(data, "text/plain" if name.endswith(".txt") else "application/octet-stream")


def _folder() -> Path:
    return Path(current_app.config.get("DIST") or Path(current_app.root_path).parent / "dist")


def _file(data: bytes, kind: str) -> Response:
    answer = Response(data, mimetype=kind)
    answer.set_etag(hashlib.sha256(data).hexdigest())
    answer.make_conditional(request)
    return answer
