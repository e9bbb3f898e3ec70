"""What the deployment wants of the network: a spare port, and a page to ask."""

import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .finding import Finding, problem, warning

SECONDS = 2.0
"""How long a name server and a web server may take to answer."""


def port_findings() -> list[Finding]:
    """Say whether a server can be tried out on a spare port."""
    try:
        with socket.socket() as tried:
            tried.bind(("127.0.0.1", 0))
    except OSError as error:
        reason = error.strerror or str(error)
        return [problem(f"no port of 127.0.0.1 can be opened to try the release on: {reason}")]
    return []


def page_findings(url: str) -> list[Finding]:
    """Say whether nothing could answer at the health check's URL; only a warning, as the app may
    be started by this very deployment.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    failed: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), SECONDS).close()
        except socket.gaierror:
            failed.append(f"{host} has no address: correct it, or add it to DNS or /etc/hosts")
        except OSError as error:
            failed.append(f"nothing answers at {host}:{port} ({error.strerror or error})")

    if not _in_time(connect):
        failed.append(f"{host} does not answer within {SECONDS:g} s")
    return [warning(f"deploy.health_check.url {url}: {text}") for text in failed[:1]]


def _in_time(work: Callable[[], None]) -> bool:
    """Tell whether it ends: looking a name up knows no timeout of its own."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(2 * SECONDS)
    return not thread.is_alive()
