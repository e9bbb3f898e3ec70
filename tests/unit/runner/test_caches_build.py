"""The build step hands what one deployment leaves to the next."""

import json

CACHE = ".next/cache"
LINE = f"test -d {CACHE} && echo warm || echo cold; mkdir -p {CACHE}; echo 1 > {CACHE}/state"
PACKAGE = {"dependencies": {"next": "16"}}


def app(*, cache: bool = True) -> dict[str, str]:
    manifest = {"build": {"commands": [LINE], "cache": cache}, "deploy": {}}
    return {"package.json": json.dumps(PACKAGE), "deploy.yaml": json.dumps(manifest)}


def test_cache_of_nextjs_is_carried_also_with_commands_of_the_app(site):
    site.commit(app())
    assert "cold\n" in site.push().text
    assert "warm\n" in site.push().text
    cold = site.push(params={"cache": "no"}).text
    assert "cold\n" in cold
    assert "caches: not used (--no-cache)\n" in cold

    site.commit(app(cache=False))
    assert "cold\n" in site.push().text


def test_failed_build_leaves_nothing(site):
    site.commit(app() | {"deploy.yaml": json.dumps({"build": {"commands": [LINE, "false"]}})})
    site.push()
    site.commit(app())
    assert "cold\n" in site.push().text


def test_nothing_is_kept_where_nothing_may_be(site):
    site.allow()
    text = (site.places.config / "runner.toml").read_text()
    (site.places.config / "runner.toml").write_text(f"cache_mib = 0\n{text}")
    site.commit(app())

    assert ".next/cache: not kept for later, larger than all may be (0 MiB)" in site.push().text
