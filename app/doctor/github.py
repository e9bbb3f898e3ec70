"""The app at GitHub by which people sign in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from app.clients.github import GithubApp
from app.clients.outbound import guarded
from app.config import settings
from app.doctor.finding import Finding, ok, problem, warning
from app.errors import Unauthorized, Unavailable

_SETTINGS = "at GitHub, Settings, Developer settings, OAuth Apps"
_MAX_SKEW = timedelta(seconds=30)


def check_github() -> Iterator[Finding]:
    """Whether GitHub knows our app, and lets people sign in without a browser here."""
    values = settings()
    given = {
        "DEPLOYR_GITHUB_CLIENT_ID": values.github_client_id,
        "DEPLOYR_GITHUB_CLIENT_SECRET": values.github_client_secret,
    }
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        yield ok("Sign-in with GitHub is off: tokens are made by `flask deployr user create`.")
    elif missing:
        yield problem(f"{missing[0]} is missing.", f"take it from the app's page {_SETTINGS}")
    else:
        yield _credentials()
        yield from _device_flow()


def _credentials() -> Finding:
    # GitHub looks at id and secret before it looks at the code.
    try:
        GithubApp(settings()).exchange("no-such-code", None, None)
    except Unauthorized:
        pass
    except Unavailable as error:
        if error.code == "github_misconfigured":
            return problem(
                "GitHub does not know this client id with this secret.",
                f"make a new secret {_SETTINGS}, and set DEPLOYR_GITHUB_CLIENT_SECRET",
            )
        return problem(
            "GitHub does not answer from here.",
            "ask the host to let requests out to github.com and api.github.com, port 443",
        )
    return ok("GitHub knows this backend's app.")


def _device_flow() -> Iterator[Finding]:
    values = settings()
    url = f"{values.github_url.rstrip('/')}/login/device/code"
    form = {"client_id": values.github_client_id, "scope": "read:user"}
    try:
        with guarded(requests.Session()) as session:
            answer = session.post(url, data=form, headers={"Accept": "application/json"})
        error = answer.json().get("error")
    except (requests.RequestException, ValueError, AttributeError):
        return  # told by _credentials
    if error == "device_flow_disabled":
        yield warning(
            "The device flow is off: `deployr login` works with --web or --token only.",
            f"tick Enable Device Flow {_SETTINGS}",
        )
    yield from _clock(answer.headers.get("Date", ""))


def _clock(date: str) -> Iterator[Finding]:
    try:
        off = abs(datetime.now(UTC) - parsedate_to_datetime(date))
    except (TypeError, ValueError):
        return
    if off > _MAX_SKEW:
        yield warning(
            f"This machine's clock is {off.total_seconds():.0f} s off, as GitHub tells the time.",
            "ask the host to set it by NTP",
        )
