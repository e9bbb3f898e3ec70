"""The example app with real PHP, deployed by the runner and served through its link `current`."""

import http.client
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.unit.runner.site import Site
from tools.demo.ports import free_port
from tools.demo.serve import PHP_ROUTER

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/laravel"
KEY = "base64:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
MIGRATION = """<?php
return new class extends Illuminate\\Database\\Migrations\\Migration {{
    public function up() {{ {up} }}
    public function down() {{}}
}};
"""


class LaravelSite:
    """A repository, its deploy root and a web server; a context manager that ends the server."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.root = site.root
        self.port = free_port()
        self.database = site.repo.parent / "database.sqlite"
        self.database.touch()
        self.env()
        self.manifest()
        site.commit(
            {
                str(path.relative_to(EXAMPLE)): path.read_text()
                for path in EXAMPLE.rglob("*")
                if path.is_file() and "vendor" not in path.parts and path.name != "deploy.yaml"
            }
        )

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True)
        router = self.root / "router.php"
        router.write_text(PHP_ROUTER % {"current": repr(str(self.root / "current"))})
        argv = [shutil.which("php") or "php", "-S", f"127.0.0.1:{self.port}", str(router)]
        self._server = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait()

    def env(self, more: str = "") -> None:
        """Write the owner's env file, with lines beside the key and the database."""
        database = f"DB_CONNECTION=sqlite\nDB_DATABASE={self.database}\n"
        self.site.env_file(f"APP_KEY={KEY}\n{database}{more}")

    def manifest(self, **sections: Any) -> None:
        """Write deploy.yaml; it is committed with the next change."""
        text = json.dumps({"project": {"framework": "laravel"}, **sections})
        (self.site.repo / "deploy.yaml").write_text(text)

    def migration(self, name: str, up: str) -> None:
        """Commit a migration whose `up` does what the PHP says."""
        path = f"database/migrations/{name}.php"
        self.site.commit({path: MIGRATION.format(up=up)})

    def artisan(self, *words: str) -> str:
        """Run artisan in the live release and return what it prints."""
        argv = ["php", "artisan", *words]
        live = (self.root / "current").resolve()
        return subprocess.run(argv, cwd=live, check=True, capture_output=True, text=True).stdout

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        deadline = time.monotonic() + 60
        while True:
            try:
                connection.request("GET", path)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "php did not start"
                time.sleep(0.02)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found
