"""The page for people, health and what the server starts with."""

import subprocess
import sys
from pathlib import Path

from deployr import __version__

ROOT = Path(__file__).resolve().parents[3]


def test_home_page_says_what_this_is(app):
    page = app.test_client().get("/")

    assert 200 == page.status_code
    for text in ("Deployr", __version__, "/api/health", "/api/openapi.json"):
        assert text in page.text


def test_home_page_runs_nothing(app):
    page = app.test_client().get("/")

    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_home_page_is_styled(app):
    with app.test_client().get("/static/home.css") as style:
        assert ("text/css", 200) == (style.mimetype, style.status_code)


def test_answers_are_neither_cached_nor_guessed_at(anyone):
    headers = anyone.get("/api/health").headers

    assert ("no-store", "nosniff") == (
        headers["Cache-Control"],
        headers["X-Content-Type-Options"],
    )


def test_start_up_leaves_heavy_modules_alone():
    """Passenger starts processes often; each of these costs a tenth of a second or more."""
    code = (
        "import sys; from app import create_app; "
        "create_app({'DEPLOYR_DATABASE_URL': 'sqlite://'}); "
        "heavy = ('authlib', 'alembic', 'flask_migrate', 'paramiko', 'boto3', 'app.doctor'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "[]" == done.stdout.strip()
