"""The steps of a deployment that a document root takes part in."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from runner.docroot import Site, document_root


class Deployed:
    """An app of the account below `app`, with what visitors get of it in `public`."""

    def __init__(self, host, apache):
        self.host, self.apache, self.home = host, apache, host.home
        self.root, self.docroot = host.home / "app", host.home / "public_html"
        host.files.make_dirs(
            *(f"{self.root}/{each}" for each in ("releases", "shared", ".deployr"))
        )
        self.how = {}

    def set_root(self, **how):
        """Return the document root as a new deployment has it."""
        self.how = how or self.how
        place = {"root": str(self.root), "public": "public", "docroot": str(self.docroot)}
        return document_root(self.host, Site(**{**place, **self.how}))

    def deploy(self, release, **how):
        """Make a release live that is a page with its name, and `files` of its own."""
        files = how.pop("files", {})
        root = self.set_root(**how)
        assert [] == [each for each in root.findings() if each.kind == "problem"]
        with tempfile.TemporaryDirectory() as made:
            for path, text in {"public/index.html": release, **files}.items():
                place = Path(made, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
            Path(made).chmod(0o755)
            root.tend(Path(made))
            root.seed()
            goal = self.root / "releases" / release
            shutil.copytree(made, goal, symlinks=True)
        owner = f"{self.host.user}:"
        subprocess.run(["chown", "-hR", owner, goal], check=True)
        self.switch(release, root)
        return root

    def switch(self, release, root):
        """Have `current` lead to a release, and the document root to it."""
        self.host.files.link(f"releases/{release}", f"{self.root}/current")
        root.publish(release)

    def kept(self):
        """Return what was put away."""
        return [each for each in self.home.iterdir() if ".before-deployr-" in each.name]
