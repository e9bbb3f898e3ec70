"""The backend: a Flask app that keeps projects, jobs and logs, and reaches no server."""

from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url

from app.address import init_address
from app.api import init_api
from app.blueprints import ALL
from app.clock import system_clock
from app.commands import init_commands
from app.config import Settings, checked, environment
from app.errors import init_errors
from app.extensions import db, engine_options, init_database
from app.headers import init_headers
from app.hosted import hosted
from app.log import init_logging
from app.secret_key import secret_key
from deployr.wire import MAX_BODY_BYTES


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Return the backend.

    `config` replaces the environment: `DEPLOYR_*` settings, and keys of Flask's own config.
    Raises ConfigError that lists every problem with the settings.
    """
    app = Flask(__name__)
    root = Path(app.root_path).parent
    values = hosted(environment(root), root) if config is None else checked(config)
    settings = Settings.load(values, Path(app.instance_path))
    app.config.from_mapping(
        DEPLOYR=settings,
        CLOCK=system_clock,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(
            make_url(settings.database_url), settings.db_connections, settings.db_ca
        ),
    )
    app.config.update(config or {})
    init_address(app, settings)
    init_database(app)
    with app.app_context():
        app.secret_key = secret_key(settings, db.engine.url.database)
    init_logging(app, settings)
    init_api(app)
    init_errors(app)
    init_commands(app)
    for blueprint in ALL:
        app.register_blueprint(blueprint)
    init_headers(app)
    return app
