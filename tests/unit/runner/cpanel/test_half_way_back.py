"""A switch that fails, and the way back that fails too: what is told is true all the same."""

HOOK = "project: {target: cpanel}\ndeploy: {hooks: {before_activate: ['chmod 555 %s']}}\n"


def test_release_is_bad_and_the_one_before_is_live(shop):
    shop.allow(docroot=None)
    shop.commit({"index.html": "one"})
    assert "no document root was named" in (job := shop.push()).text
    assert "completed" == job.status
    shop.allow()
    shop.commit({"index.html": "two", "deploy.yaml": HOOK % shop.place})

    job = shop.push()
    shop.place.chmod(0o755)

    assert "failed" == job.status
    assert "may not be what visitors get" in job.text
    states = {one.name: one.state for one in job.report.releases}
    assert f"releases/{min(states)}" == str(shop.current.readlink())
    assert "bad" == job.report.release.state
    assert ["live"] == [state for state in states.values() if state == "live"]


def test_document_root_in_a_closed_directory_is_refused_before_anything_is_sent(shop):
    shop.commit({"index.html": "one"})
    shop.place.chmod(0o555)

    job = shop.push()
    shop.place.chmod(0o755)

    assert "preflight_failed" == job.reason
    assert "may not write in the directory above" in job.report.detail
