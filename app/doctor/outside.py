"""What users and runners meet on their way to the backend: address, firewall, lost headers."""

import os
from collections.abc import Iterator
from typing import Any

import requests

from app.clients.outbound import guarded
from app.config import settings
from app.doctor.finding import Finding, ok, problem, warning
from app.revision import revision
from app.safe_url import is_safe
from deployr.logchunk import LogChunk
from deployr.tokens import TokenKind, make_token

_LOG_BYTES = 48 * 1024
_WAF_FIX = (
    "ask the host to let it pass (cPanel: ModSecurity, off for this domain; or its rule's number "
    "to the support)"
)


def check_address() -> Iterator[Finding]:
    """Whether the backend is where users are told that it is, and gets whole requests there."""
    url = settings().public_url
    if url is None:
        yield warning(
            "DEPLOYR_PUBLIC_URL is not set: nothing of the way to here can be checked.",
            "set it to the address that users type",
        )
        return
    if not is_safe(url):
        yield problem(
            f"{url} is not encrypted: runners and the command line refuse it.",
            "get a certificate (cPanel: SSL/TLS Status, Run AutoSSL) and set https:// there",
        )
        return
    url = url.rstrip("/")
    found = _health(url)
    yield found
    if found.level == "ok":
        yield _authorization(url)
        yield _firewall(url)


def _health(url: str) -> Finding:
    status, said = _ask("GET", f"{url}/api/health")
    if not status:
        return problem(
            f"{url} does not answer from here: {said}",
            "look at the domain and its certificate; some hosts can't reach themselves, then try "
            "from outside",
        )
    if not isinstance(said, dict) or said.get("status") != "ok":
        return problem(
            f"{url}/api/health is answered with {status} by something else.",
            "look at the domain's Python app and document root, and into logs/deployr.log",
        )
    if said.get("revision") != revision():
        return warning(
            f"{url} answers as {said.get('revision')}, this is {revision()}.",
            "touch tmp/restart.txt",
        )
    return ok(f"{url} answers.")


def _authorization(url: str) -> Finding:
    token = make_token(TokenKind.USER)
    headers = {"Authorization": f"Bearer {token}"}
    # A user's token at a runner's door: refused as such, where it arrives at all.
    status, said = _ask("GET", f"{url}/api/runner/jobs", headers=headers)
    if status == 401 and isinstance(said, dict):
        return problem(
            "The Authorization header does not arrive: nobody can sign in with a token.",
            "put `SetEnvIf Authorization .+ HTTP_AUTHORIZATION=$0` into the domain's .htaccess, "
            "above the lines of the host",
        )
    if status != 403 or not isinstance(said, dict):
        return problem(f"A request with a token is answered with {status}.", _WAF_FIX)
    return ok("Tokens arrive.")


def _firewall(url: str) -> Finding:
    chunk = LogChunk.pack(0, os.urandom(_LOG_BYTES)).model_dump()
    body = {"claim_id": "doctor", "status": "running", "log": chunk}
    status, said = _ask("POST", f"{url}/api/runner/jobs/1/status", json=body)
    if status != 401 or not isinstance(said, dict):
        return problem(
            f"A firewall on the way refuses logs of deployments: it answers {status}.", _WAF_FIX
        )
    return ok("Logs of deployments pass whatever firewall there is.")


def _ask(method: str, url: str, **options: Any) -> tuple[int, Any]:  # noqa: ANN401 - of requests
    """Return status and what the backend says; 0 and the reason when nobody answers."""
    try:
        with guarded(requests.Session()) as session:
            answer = session.request(method, url, **options)
    except requests.RequestException as error:
        return 0, str(error)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, None
