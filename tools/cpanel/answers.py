"""Whether a release answers where users ask for it."""

import json
import os
import ssl
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

PAUSE_SECONDS = 1
REFUSALS = 3
"""So many errors in a row and it is no restart that takes its time."""


class Address:
    """`/api/health` of the backend, asked over its public address."""

    def __init__(self, url: str, release: Path) -> None:
        """`release` brings certificates along: the host's Python may have none."""
        self.url = f"{url.rstrip('/')}/api/health"
        self._tls = ssl.create_default_context()
        bundle = release / "packages" / "certifi" / "cacert.pem"
        if bundle.exists():
            self._tls.load_verify_locations(str(bundle))
        self._seconds = float(os.environ.get("DEPLOYR_WAIT_SECONDS", "120"))

    def answers(self) -> bool:
        """Tell whether a backend is there, whichever; a refusal or two may be of a busy host."""
        for _ in range(REFUSALS):
            if self._ask() is not None:
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def waits_for(self, revision: str) -> bool:
        """Return whether this release answers, within the time that a restart may take."""
        end = time.monotonic() + self._seconds
        refused = 0
        while refused < REFUSALS and time.monotonic() < end:
            health = self._ask()
            if health is not None and health.get("revision") == revision:
                return True
            refused = refused + 1 if health is None else 0
            time.sleep(PAUSE_SECONDS)
        return False

    def _ask(self) -> dict[str, Any] | None:
        """Return what the backend says of itself; None: somebody else answers, or nobody."""
        request = urllib.request.Request(self.url, headers={"Accept": "application/json"})
        try:
            # A process that starts keeps its first visitor waiting.
            with urllib.request.urlopen(request, timeout=60, context=self._tls) as answer:
                said = json.load(answer)
        except (OSError, HTTPException, ValueError):
            return None
        return said if isinstance(said, dict) and said.get("status") == "ok" else None
