"""Entry for AWS Lambda: set the function's handler to `app.serverless.handler`.

It takes events of REST APIs (1.0), HTTP APIs and Function URLs (2.0).
"""

from collections.abc import Callable, Iterable
from typing import Any

from apig_wsgi import make_lambda_handler

from app import create_app
from app.config import ConfigError
from app.extensions import db

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
Environ = dict[str, Any]


def make_handler() -> Handler:
    """Return the handler. Raises ConfigError when the settings don't name a database server."""
    try:
        app = create_app()
    except OSError:  # no file can be made there, which is the database without a setting
        raise _no_server() from None
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            raise _no_server()
    inner = app.wsgi_app

    def with_address(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = _source(environ["apig_wsgi.request_context"])
        return inner(environ, start)

    app.wsgi_app = with_address  # type: ignore[method-assign, assignment]
    # What is not text, as a runner's wheel, travels as base64.
    handler: Handler = make_lambda_handler(app, binary_support=True)
    return handler


def _source(context: dict[str, Any]) -> str:
    """Return the client's address as the gateway saw it: what the client itself says is no proof."""
    return str((context.get("identity") or context.get("http") or {}).get("sourceIp", ""))


def _no_server() -> ConfigError:
    return ConfigError("DEPLOYR_DATABASE_URL is needed: a function keeps no files, so no SQLite")


handler = make_handler()
