"""The Laravel example with all of its framework in vendor/, in a hosting account with PHP-FPM."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.support.account_site import AccountSite
from tests.support.apache_site import ApacheSite
from tests.support.laravel_site import EXAMPLE, KEY, MIGRATION

_PACKAGE = {
    "name": "laravel/framework",
    "version": "8.83.26",
    "dist": {"type": "path", "url": "/usr/share/php"},
    "transport-options": {"symlink": False},
    "include-path": [""],
    "autoload": {"files": ["Illuminate/autoload.php"]},
}
_HTACCESS = """RewriteEngine On
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule ^ index.php [L]
"""


@cache
def fat_app() -> Path:
    """Return the example's tree, whose vendor/ will need nothing of the machine that built it."""
    tree = Path(tempfile.mkdtemp(prefix="deployr-fat-")) / "app"
    left_out = shutil.ignore_patterns("vendor", "packages", "composer.lock", "deploy.yaml")
    shutil.copytree(EXAMPLE, tree, ignore=left_out)
    told = json.loads((tree / "composer.json").read_text())
    told["repositories"] = [{"packagist.org": False}, {"type": "package", "package": _PACKAGE}]
    (tree / "composer.json").write_text(json.dumps(told, indent=2))
    argv = ["composer", "update", "--no-install", "--no-interaction", "--quiet"]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "COMPOSER_ALLOW_SUPERUSER": "1", "HOME": "/tmp"}
    subprocess.run(argv, cwd=tree, check=True, env=env)
    return tree


class AccountLaravel:
    """A project, its account and the web server there; a context manager that ends the server."""

    def __init__(self, site: AccountSite) -> None:
        self.site = site
        self.database = site.place / "database.sqlite"
        site.put(self.database, "")
        self.manifest()
        files = {
            str(path.relative_to(fat_app())): path.read_text()
            for path in fat_app().rglob("*")
            if path.is_file()
        }
        site.commit({**files, "public/.htaccess": _HTACCESS})

    def __enter__(self) -> Self:
        self.web = ApacheSite(self.site.server.user, self.site.docroot)
        self.env()
        return self

    def __exit__(self, *_: object) -> None:
        self.web.stop()

    def env(self, more: str = "") -> None:
        """Write the owner's env file."""
        database = f"DB_CONNECTION=sqlite\nDB_DATABASE={self.database}\n"
        self.site.env_file(f"APP_KEY={KEY}\nAPP_URL={self.web.url}\n{database}{more}")

    def manifest(self, **sections: Any) -> None:
        """Write deploy.yaml; it is committed with the next change."""
        project = {"framework": "laravel", "target": "cpanel"}
        text = json.dumps({"project": project, **sections})
        (self.site.repo / "deploy.yaml").write_text(text)

    def migration(self, name: str, up: str) -> None:
        """Commit a migration whose `up` does what the PHP says."""
        self.site.commit({f"database/migrations/{name}.php": MIGRATION.format(up=up)})

    def get(self, path: str = "/up") -> tuple[int, str]:
        """Return status and text of a page."""
        return self.web.get(path)
