"""A developer deploys a Next.js app, breaks it and mends it, with real npm and `next build`."""

import pytest

from tools.demo.apps import answers, page
from tools.demo.ports import free_port


@pytest.mark.slow
def test_second_commit_is_served_a_broken_one_is_not_and_the_first_comes_back(deployr_for):
    site = deployr_for("nextjs")
    assert (first := site.push("--create")).returncode == 0, first.stdout + first.stderr
    assert answers(site.url, site.commit)
    assert f"?dpl={site.commit}" in page(site.url)
    assert "ok" == page(f"{site.url}health.txt").strip()

    site.change("app/page.js", "<main>", "<main")
    broken = site.push()
    assert 1 == broken.returncode
    assert "step build: `npm run build` ended with exit code 1" in broken.stdout
    assert "app/page.js" in broken.stdout
    assert site.commit in page(site.url)

    mended = site.change("app/page.js", "<main", "<main>")
    assert (done := site.push()).returncode == 0
    assert "node_modules: reused, " in done.stdout
    assert ".next/cache: reused, " in done.stdout
    assert answers(site.url, mended)

    back = site.system.run("deployr", "rollback", "--yes", check=False)
    assert 0 == back.returncode, back.stdout + back.stderr
    assert "==> smoke" in back.stdout
    assert answers(site.url, site.commit)


@pytest.mark.slow
def test_export_and_plain_output_are_recognised_by_what_the_build_left(deployr_for):
    """`output: 'export'` ships out/ alone; without output `next start` runs in the release."""
    site = deployr_for("nextjs")
    exported = site.change("next.config.mjs", "'standalone'", "'export'")
    assert (done := site.push("--create")).returncode == 0, done.stdout + done.stderr
    current = site.system.path / "current"
    assert exported in (current / "index.html").read_text()
    assert not (current / "node_modules").exists()

    plain = site.change("next.config.mjs", "  output: 'export',\n", "")
    assert site.push().returncode == 0
    port = free_port()
    start = ["node_modules/.bin/next", "start", "--hostname", "127.0.0.1", "--port", str(port)]
    site.system.start(["/bin/sh", "-c", f"cd {current} && exec {' '.join(start)}"], "next")
    assert answers(f"http://127.0.0.1:{port}/", plain)
