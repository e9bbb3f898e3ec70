"""Who the user is: the backend's address and a token, in a file that only they can read."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_config_path

from .errors import CliError, ExitCode

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Account:
    """A backend and the token that was made for it."""

    url: str
    token: str


def config_file() -> Path:
    """Return the file that holds the account; `DEPLOYR_CONFIG_DIR` moves it."""
    directory = os.environ.get("DEPLOYR_CONFIG_DIR")
    return (Path(directory) if directory else user_config_path("deployr")) / "config.json"


def load_account() -> Account:
    """Return the account to use. Raises CliError (not signed in).

    A saved token only ever goes to the address that it was saved for.
    """
    saved = saved_account()
    url = checked_url(os.environ.get("DEPLOYR_URL") or (saved.url if saved else ""))
    if token := os.environ.get("DEPLOYR_TOKEN"):
        return Account(url=url, token=token)
    if saved and saved.url == url:
        return saved
    raise _not_signed_in(f"There is no token for {url}.")


def saved_account() -> Account | None:
    """Return what the last sign-in saved, whatever the environment says. Raises CliError."""
    path = config_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Account(url=str(found["url"]), token=str(found["token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CliError(f"{path} can't be read: {error}", "Sign in anew: deployr login") from None


def saved_url() -> str:
    """Return the address of `DEPLOYR_URL` or the last sign-in; empty without either."""
    saved = saved_account()
    return os.environ.get("DEPLOYR_URL") or (saved.url if saved else "")


def checked_url(url: str) -> str:
    """Return `url` without a trailing slash. Raises CliError when a token must not go there."""
    if not url:
        raise _not_signed_in("No backend is known.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _no_address(url) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _no_address(url)
    if parts.username is not None:
        raise CliError("The address must not hold a user name or password.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise CliError(f"{url} would send your token unencrypted.", "Use https://.")
    return url.rstrip("/")


def save(account: Account) -> None:
    """Write the account, readable by the user alone, whole or not at all."""
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes the file with 0600 before anything is in it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"url": account.url, "token": account.token}, file)
    Path(name).replace(path)


def forget() -> bool:
    """Remove the saved account; tell whether there was one."""
    path = config_file()
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def _no_address(url: str) -> CliError:
    return CliError(
        f"{url} is not an address like https://deployr.example.com",
        "Begin it with https:// (http:// only for this machine).",
    )


def _not_signed_in(message: str) -> CliError:
    advice = "Sign in with `deployr login --url https://…`, or set DEPLOYR_URL and DEPLOYR_TOKEN."
    return CliError(message, advice, code=ExitCode.NOT_SIGNED_IN)
