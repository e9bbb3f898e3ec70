"""Where users reach the backend: past its proxies, by its names, with or without TLS."""

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings, settings


def init_address(app: Flask, values: Settings) -> None:
    """Believe as many proxies as the operator trusts, and answer to the backend's names only."""
    if values.trusted_proxies:
        proxies = values.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0
        )
    app.config["TRUSTED_HOSTS"] = _own_hosts(values)


def base_url() -> str:
    """Return the address of the home page, without a slash at its end."""
    return (settings().public_url or request.root_url).rstrip("/")


def over_https() -> bool:
    """Tell whether users reach the backend by TLS, here or at a proxy."""
    public_url = settings().public_url  # first: a request for another host can't say its address
    return public_url.startswith("https://") if public_url else request.is_secure


def _own_hosts(values: Settings) -> list[str] | None:
    if values.allowed_hosts:
        return list(values.allowed_hosts)
    if values.public_url:
        return [urlsplit(values.public_url).hostname or ""]
    return None
