"""What of a commit reaches the release, and which commits are refused as a whole."""

import stat

import pytest

from .site import git


def test_executable_bit_is_kept(site):
    site.commit({"bin/tool": "#!/bin/sh", "plain": ""})
    (site.repo / "bin/tool").chmod(0o755)
    site.commit({})
    site.push()

    assert 0o755 == stat.S_IMODE((site.current / "bin/tool").stat().st_mode)
    assert 0o644 == stat.S_IMODE((site.current / "plain").stat().st_mode)


@pytest.mark.parametrize("goal", ["index.html", "../../outside", "/etc/hostname", "nowhere"])
def test_symbolic_links_are_kept_as_they_are(site, goal):
    site.commit({"index.html": "x"})
    (site.repo / "link").symlink_to(goal)
    site.commit({})
    site.push()

    assert goal == str((site.current / "link").readlink())


NAMES = ["a b", "-rf", "ü", "new\nline", "tab\t", "'quote\"", "$(touch x)", "a\\b"]


def test_odd_names_come_through(site):
    site.commit(dict.fromkeys(NAMES, "x"))
    site.push()

    assert sorted(NAMES) == sorted(path.name for path in site.current.iterdir())


def test_bytes_are_kept_as_they_are(site):
    content = bytes(range(256)) + b"\r\n$Id$\n"
    site.commit({"index.html": "x"})
    (site.repo / "data").write_bytes(content)
    site.commit({})
    site.push()

    assert content == (site.current / "data").read_bytes()


def test_empty_commit_is_an_empty_site(site):
    site.commit({})

    assert "completed" == site.push().status
    assert [] == list(site.current.iterdir())


def test_submodule_is_refused_by_its_name(site, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "--quiet")
    git(inner, "commit", "--quiet", "--allow-empty", "--message", "x")
    site.commit({"index.html": "x"})
    git(site.repo, "submodule", "--quiet", "add", str(inner), "vendor/inner")
    site.commit({})

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "git submodules are not supported (vendor/inner)" in job.report.detail
    assert not site.root.exists()


@pytest.mark.parametrize("place", [".gitattributes", "img/.gitattributes"])
def test_files_in_lfs_are_refused(site, place):
    site.commit({place: "*.psd filter=lfs diff=lfs merge=lfs -text\n", "index.html": "x"})

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "Git LFS" in job.report.detail


def test_other_attributes_are_no_lfs(site):
    site.commit({".gitattributes": "* text=auto\n", "readme": "filter=lfs", "index.html": "x"})

    assert "completed" == site.push().status


def test_deploy_yaml_that_is_a_link_is_refused(site):
    """It could show any file of the server in the log."""
    site.commit({"index.html": "x"})
    (site.repo / "deploy.yaml").symlink_to("/etc/passwd")
    site.commit({})

    job = site.push()

    assert ("preflight_failed", "deploy.yaml must be a plain file") == (
        job.reason,
        job.report.detail,
    )


def test_deploy_yaml_that_is_a_directory_is_none(site):
    site.commit({"index.html": "x", "deploy.yaml/note": "x"})

    assert "completed" == site.push().status


def test_hooks_of_the_repository_do_not_run(site, tmp_path):
    """Neither those of the origin nor those that a checkout would have."""
    site.commit({"index.html": "x", ".git-hooks/post-checkout": f"touch {tmp_path}/made"})
    hook = site.repo / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/made\n")
    hook.chmod(0o755)
    site.push()

    assert not (tmp_path / "made").exists()


def test_older_commit_of_the_branch_can_be_deployed(site):
    first = site.commit({"index.html": "one"})
    site.commit({"index.html": "two"})

    job = site.push(commit=first)

    assert first == job.report.commit
    assert "one" == (site.current / "index.html").read_text()


def test_commit_of_a_branch_that_is_not_allowed_is_refused(site):
    site.commit({"index.html": "one"})
    other = site.commit({"index.html": "evil"}, branch="evil")

    assert "policy_refused" == site.push(commit=other).reason


def test_unsigned_job_without_a_commit_deploys_the_newest(site):
    site.commit({"index.html": "one"})
    newest = site.commit({"index.html": "two"})
    spec = site.spec(unsigned=True).model_copy(update={"commit": ""})

    assert newest == site.work(site.backend.add(spec)).report.commit


def test_attributes_for_archives_change_nothing(site):
    """The exact commit is deployed, not what `git archive` would make of it."""
    rules = "keep export-ignore\nversion.txt export-subst\n"
    site.commit({".gitattributes": rules, "keep/a.txt": "a", "version.txt": "$Format:%H$"})

    site.push()

    assert "a" == (site.current / "keep/a.txt").read_text()
    assert "$Format:%H$" == (site.current / "version.txt").read_text()
