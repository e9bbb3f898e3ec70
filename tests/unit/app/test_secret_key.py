"""The key of cookies and forms: set in production, made once and kept for a try-out."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from app import create_app
from app.config import ConfigError, Settings
from app.secret_key import secret_key
from tests.support.databases import SECRET_KEY
from tests.support.unprivileged import as_nobody, open_directory


def _key(database):
    return secret_key(Settings(database_url=f"sqlite:///{database}"), str(database))


@pytest.mark.parametrize("driver", ["mysql", "mariadb"])
def test_production_does_not_start_without_one(driver):
    with pytest.raises(ConfigError, match=r"DEPLOYR_SECRET_KEY: is needed; .*token_urlsafe\(48\)"):
        create_app({"DEPLOYR_DATABASE_URL": f"{driver}://u:p@localhost/d"})


def test_short_ones_are_refused_and_not_told(tmp_path):
    with pytest.raises(ConfigError, match=r"DEPLOYR_SECRET_KEY: .*32 characters") as caught:
        Settings.load({"DEPLOYR_SECRET_KEY": "swordfish" * 3}, tmp_path)

    assert "swordfish" not in str(caught.value)


def test_the_one_that_is_set_is_used_and_no_file_made(tmp_path):
    url = f"sqlite:///{tmp_path}/a.sqlite3"
    app = create_app({"DEPLOYR_DATABASE_URL": url, "DEPLOYR_SECRET_KEY": SECRET_KEY})

    assert SECRET_KEY == app.secret_key
    assert [] == list(tmp_path.iterdir())
    assert SECRET_KEY not in repr(app.config["DEPLOYR"])


def test_a_database_in_memory_has_one_of_its_own():
    one, other = (create_app({"DEPLOYR_DATABASE_URL": "sqlite://"}) for _ in range(2))

    assert one.secret_key != other.secret_key


def test_sqlite_has_one_beside_it_that_only_its_user_reads(tmp_path):
    made = _key(tmp_path / "a.sqlite3")
    file = tmp_path / "a.sqlite3.secret-key"

    assert [file] == list(tmp_path.iterdir())
    assert (0o600, made) == (file.stat().st_mode & 0o777, file.read_text())
    assert made == _key(tmp_path / "a.sqlite3")
    assert len(made) >= 64


def test_processes_that_start_at_once_share_one(tmp_path):
    with ProcessPoolExecutor(8, get_context("fork")) as pool:
        keys = set(pool.map(_key, [tmp_path / "a.sqlite3"] * 32))

    assert [keys.pop()] == [file.read_text() for file in tmp_path.iterdir()]
    assert not keys


def test_one_that_others_can_read_is_refused(tmp_path):
    _key(tmp_path / "a.sqlite3")
    (tmp_path / "a.sqlite3.secret-key").chmod(0o640)

    with pytest.raises(ConfigError, match="chmod 600"):
        _key(tmp_path / "a.sqlite3")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_one_that_can_not_be_kept_or_read_must_be_set(what):
    with open_directory() as folder:
        if what == "file":
            _key(folder / "a.sqlite3")
        folder.chmod(0o500 if what == "folder" else 0o755)

        def start():
            with pytest.raises(ConfigError, match=r"Permission denied.*is needed; make one"):
                _key(folder / "a.sqlite3")

        as_nobody(start)


def test_an_sqlite_address_of_the_driver_needs_one():
    with pytest.raises(ConfigError, match="is needed"):
        create_app({"DEPLOYR_DATABASE_URL": "sqlite:///file:a?uri=true"})
