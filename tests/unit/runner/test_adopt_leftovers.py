"""What only the server has of an adopted app: it is told, kept, and missed at the next push."""

import json

import pytest

from runner.adopt import Takeover
from runner.leftovers import leftovers

from .site import Site, git

APP = {
    "index.html": "home",
    "css/a.css": "a",
    "css/cached.css": "made here",
    "img/.gitkeep": "",
    "img/1.jpg": "a visitor's",
    "docs/2.pdf": "a visitor's",
    ".env": "KEY=abc",
    ".env.example": "KEY=",
}
SERVER_ONLY = "not in the repository and not shared: .env, css/cached.css, docs, img. "
TRACKED = {"index.html", "css/a.css", "img/.gitkeep", ".env.example"}
OPTIONS = "--shared-file .env --shared-file css/cached.css --shared-dir docs --shared-dir img"


@pytest.fixture
def shop(site: Site) -> Site:
    """A site whose path holds an app."""
    (site.root / "empty").mkdir(parents=True)
    for name, text in APP.items():
        (site.root / name).parent.mkdir(exist_ok=True)
        (site.root / name).write_text(text)
    return site


def test_what_the_checkout_lacks_is_named_with_the_options_that_keep_it(shop, command):
    git(shop.root, "init", "--quiet")
    git(shop.root, "add", "--force", *TRACKED)
    git(shop.root, "commit", "--quiet", "--message", "x")
    (shop.root / "img/.gitignore").write_text("*")

    said = command("adopt", "shop", "--dry-run")

    assert SERVER_ONLY in said.out
    assert f"Keep them: {OPTIONS}" in said.out
    said = command("adopt", "shop", "--dry-run", *OPTIONS.split())
    assert "not in the repository" not in said.out


def test_refused_push_leaves_the_repository_to_compare_with(shop, command):
    said = command("adopt", "shop", "--dry-run")
    assert "not shared: .env. " in said.out
    assert "What else is missing in the repository can't be told" in said.out
    shop.commit({name: APP[name] for name in TRACKED})

    job = shop.push()

    assert "preflight_failed" == job.reason
    assert f"holds an app of its own ({shop.root}/index.html)" in job.report.detail
    assert "run `deployr-runner adopt shop` first" in job.report.detail
    assert SERVER_ONLY in command("adopt", "shop", "--dry-run").out


def test_shared_paths_are_told_for_deploy_yaml_and_missed_by_a_push_without_it(shop, command):
    """What was left in the adopted release outlives all later ones."""
    shared = ("--shared-dir", "img", "--shared-file", ".env")
    said = command("adopt", "shop", "--yes", *shared)
    section = "deploy: {shared: {dirs: [img], files: [.env]}}"
    assert f"Add to deploy.yaml before the next push: {section}" in said.out
    (adopted,) = (shop.root / "releases").iterdir()
    keep = {"deploy": {"keep_releases": 1}}
    lost = "warning: the live release shares .env, img, which this deployment will not have"
    shop.commit({"index.html": "2", "deploy.yaml": json.dumps(keep)})

    assert lost in shop.push(action="plan").text
    shop.commit({"deploy.yaml": section + "\n"})
    job = shop.push()
    assert "completed" == job.status, job.report.detail
    assert "will not have" not in job.text
    shop.commit({"deploy.yaml": json.dumps(keep)})
    assert lost in shop.push().text
    shop.push()
    assert "a visitor's" == (adopted / "docs/2.pdf").read_text()


def test_settings_of_the_checkout_start_nothing(shop, command, tmp_path):
    """The web server's user may have written them, and adopt runs as root."""
    git(shop.root, "init", "--quiet")
    git(shop.root, "add", "--all")
    git(shop.root, "commit", "--quiet", "--message", "x")
    tree = git(shop.root, "rev-parse", "HEAD^{tree}")
    (shop.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::touch {tmp_path}/started",
        "protocol.ext.allow": "always",
    }.items():
        git(shop.root, "config", key, value)

    assert "can't be told" in command("adopt", "shop", "--dry-run").out
    assert not (tmp_path / "started").exists()


def test_what_each_build_makes_is_not_missed(tmp_path):
    for name in ("vendor/a.php", "node_modules/a.js", "bootstrap/cache/a.php", "public/up/1.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    what = Takeover.model_validate(
        {"release": "x", "layout": "current", "framework": "laravel", "shared": ("storage",)}
    )
    tracked = {"artisan", "bootstrap/app.php", "bootstrap/cache/.gitignore", "public/index.php"}

    assert ["public/up"] == leftovers(tmp_path, what, tracked)
