"""A developer deploys a Next.js app, breaks it and mends it, with real npm and `next build`."""

import pytest

from tools.demo.apps import answers, page


@pytest.mark.slow
def test_second_commit_is_served_and_a_broken_one_is_not(deployr_for):
    site = deployr_for("nextjs")
    assert (first := site.push("--create")).returncode == 0, first.stdout + first.stderr
    assert answers(site.url, site.commit)
    assert "ok" == page(f"{site.url}health.txt").strip()

    site.change("app/page.js", "<main>", "<main")
    broken = site.push()
    assert 1 == broken.returncode
    assert "step build: `npm run build` ended with exit code 1" in broken.stdout
    assert "app/page.js" in broken.stdout
    assert site.commit in page(site.url)

    mended = site.change("app/page.js", "<main", "<main>")
    assert site.push().returncode == 0
    assert answers(site.url, mended)
