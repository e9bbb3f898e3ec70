"""WSGI entry for Passenger and its kin; any WSGI server may load `passenger_wsgi:application`.

Beside this file stands the code itself (a checkout), or `current`, a link to the live release. What
keeps the backend from starting is shown, and told in logs/deployr.log, instead of the host's own
error page: so this file loads under any Python 3 and imports nothing of ours before it must.
"""

from __future__ import annotations

import html
import json
import os
import site
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent
LOG = "logs/deployr.log"
RETRY_SECONDS = 5
"""How long a failed start is believed: settings are mended without a restart."""


def _release() -> Path:
    """Return the live release, by its own name: a switch in the midst of a start is no harm."""
    current = HOME / "current"
    return current.resolve() if current.exists() else HOME


def _load(release: Path) -> Any:  # noqa: ANN401 - a Flask app, whose class is not there yet
    version = "{}.{}".format(*sys.version_info)
    if sys.version_info < (3, 11):  # noqa: UP036 - the host chooses
        raise RuntimeError(f"Deployr needs Python 3.11 or newer, this is {version}")
    if str(release) not in sys.path:
        sys.path[:0] = [str(release), str(release / "packages")]
    if not (release / "packages").exists():
        # Some hosts start the app with another Python than that of the environment they made.
        account = Path.home().resolve()  # /home is a link at some hosts
        venv = account / "virtualenv" / os.path.relpath(HOME, account) / version
        site.addsitedir(str(venv / "lib" / f"python{version}" / "site-packages"))
    try:
        from app import create_app  # noqa: PLC0415
    except ImportError as error:
        raise RuntimeError(_why(error, release, version)) from error

    return create_app()


def _why(error: ImportError, release: Path, version: str) -> str:
    mark = release / "packages" / ".made-of"
    made_for = mark.read_text(encoding="utf-8").split(" ")[0] if mark.exists() else version
    if made_for.startswith(version):
        return str(error)
    return (
        f"the packages are for Python {made_for}, the host runs {version}: deploy again, with the "
        f"host's Python in PYTHON ({error})"
    )


class Backend:
    """The Flask app, or an answer in its place that tells where the operator finds the reason."""

    def __init__(self) -> None:
        self.app: Any = None
        self.problem = ""
        """Why it did not start; may name files and settings, so it is for the operator only."""
        self._release = _release()
        self._try()

    def __call__(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401
        if self.app is None and time.monotonic() - self._tried > RETRY_SECONDS:
            self._try()
        if self.app is None:
            return _sorry(environ, start_response)
        return self.app(environ, start_response)

    def _try(self) -> None:
        self._tried = time.monotonic()
        before = self.problem
        try:
            self.app = _load(self._release)
            self.problem = ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the operator is told
            self.problem = str(error) or type(error).__name__
            if self.problem != before:
                _log(self.problem, traceback.format_exc())


def _log(problem: str, trace: str) -> None:
    """Tell the operator in a file of his own: many hosts keep their error log to themselves."""
    line = json.dumps(
        {
            "event": "the backend can not start",
            "level": "critical",
            "problem": problem,
            "exception": trace,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
    )
    sys.stderr.write(f"{line}\n")
    place = HOME / LOG
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(str(place), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as error:
        sys.stderr.write(f"{place} can not be written: {error}\n")


def _sorry(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
    """Answer without a word of the reason: visitors are not the operator."""
    detail = f"The backend can not start. Its operator finds the reason in {LOG}."
    if str(environ.get("PATH_INFO", "")).startswith("/api/"):
        kind = "application/problem+json"
        body = {"type": "about:blank", "title": "Service Unavailable", "status": 503}
        text = json.dumps({**body, "detail": detail, "code": "backend_not_started"})
    else:
        kind = "text/html; charset=utf-8"
        text = (
            '<!doctype html><html lang="en"><title>Deployr</title>'
            f"<h1>Deployr does not run yet</h1><p>{html.escape(detail)}</p></html>"
        )
    headers = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("Retry-After", "60"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("503 Service Unavailable", headers)
    return [text.encode("utf-8")]


application = Backend()
