"""The kept mirror: what it fetches, what it refuses, and how it heals."""

import shutil

import pytest

from deployr.states import Reason
from runner.errors import JobFailedError
from runner.shell import Shell
from runner.stop import StopFlag
from runner.workspace import Mirror

from .site import git


@pytest.fixture
def mirror_of(site, tmp_path):
    """Make the mirror of a branch of the site's repository, or of another one."""
    with StopFlag() as stop:
        shell = Shell(stop, "mirror")

        def make(branch: str = "main", repo: str = "") -> Mirror:
            return Mirror(
                repo=repo or site.url,
                branch=branch,
                repos=tmp_path / "repos",
                shell=shell,
                output=lambda _: None,
            )

        yield make


@pytest.fixture
def mirror(site, mirror_of) -> Mirror:
    """The fetched mirror of a repository with one commit."""
    site.commit({"index.html": "one"})
    found: Mirror = mirror_of()
    found.fetch()
    return found


def refusal(do, *arguments: str) -> JobFailedError:
    with pytest.raises(JobFailedError) as caught:
        do(*arguments)
    return caught.value


def test_newest_commit_is_fetched(site, mirror):
    commit = site.commit({"index.html": "two"})
    mirror.fetch()

    assert commit == mirror.resolve("")
    assert "two" == mirror.text_of(commit, "index.html")


def test_commit_before_the_newest_resolves_to_itself(site, mirror):
    first = mirror.resolve("")
    site.commit({})
    mirror.fetch()

    assert first == mirror.resolve(first)


def test_forced_push_is_followed_and_what_it_dropped_is_refused(site, mirror):
    dropped = mirror.resolve("")
    git(site.repo, "checkout", "--quiet", "--orphan", "new")
    forced = site.commit({"index.html": "other"}, branch="new")
    git(site.repo, "branch", "--force", "main", "new")
    mirror.fetch()

    assert forced == mirror.resolve("")
    assert Reason.POLICY_REFUSED == refusal(mirror.resolve, dropped).reason


def test_abbreviated_commit_resolves(site, mirror):
    commit = mirror.resolve("")

    assert commit == mirror.resolve(commit[:7])


def test_ambiguous_beginning_of_a_commit_is_refused(site, mirror):
    """Of so many commits some begin with the same four digits; these are always the same ones."""
    times = range(1_700_000_000, 1_700_000_900)
    commit = "commit refs/heads/main\ncommitter A <a@example.com> {} +0000\ndata 0\n\n"
    stream = "".join(map(commit.format, times))
    git(site.repo, "fast-import", "--quiet", "--force", stdin=stream)
    mirror.fetch()
    beginnings = [line[:4] for line in git(site.repo, "rev-list", "main").split()]
    twice = next(some for some in beginnings if beginnings.count(some) == 2)

    error = refusal(mirror.resolve, twice)

    assert f"'{twice}' is the beginning of 2 commits; give the whole hash" == error.detail


def test_unknown_commit_is_refused_with_a_guess(mirror):
    error = refusal(mirror.resolve, "f" * 40)

    assert Reason.POLICY_REFUSED == error.reason
    assert error.detail.endswith("was it pushed?")


def test_unknown_beginning_is_refused(mirror):
    assert "is the beginning of 0 commits" in refusal(mirror.resolve, "ffff0000").detail


def test_file_of_a_commit_is_no_commit(site, mirror):
    blob = git(site.repo, "rev-parse", "main:index.html")

    assert Reason.POLICY_REFUSED == refusal(mirror.resolve, blob).reason
    assert "0 commits" in refusal(mirror.resolve, blob[:12]).detail


def test_commit_of_another_branch_is_refused_also_when_the_mirror_has_it(site, mirror, mirror_of):
    other = site.commit({"index.html": "next"}, branch="next")
    mirror_of("next").fetch()

    assert Reason.POLICY_REFUSED == refusal(mirror.resolve, other).reason
    assert other == mirror_of("next").resolve(other)


@pytest.mark.parametrize("length", [7, 40])
def test_branch_named_like_a_commit_is_not_taken_for_it(site, mirror, mirror_of, length):
    first = mirror.resolve("")
    second = site.commit({"index.html": "two"})
    git(site.repo, "update-ref", f"refs/heads/{first[:length]}", second)
    mirror_of(first[:length]).fetch()

    assert first == mirror.resolve(first[:length])


def test_missing_branch_is_named(site, mirror_of):
    site.commit({})

    error = refusal(mirror_of("gone").fetch)

    assert (Reason.PREFLIGHT_FAILED, f"{site.url} has no branch gone") == (
        error.reason,
        error.detail,
    )


def test_deleted_branch_is_missing_although_the_mirror_has_it(site, mirror):
    git(site.repo, "checkout", "--quiet", "-b", "next")
    git(site.repo, "branch", "--quiet", "-D", "main")

    assert "has no branch main" in refusal(mirror.fetch).detail


def test_unreachable_repository_is_told_in_the_words_of_git(mirror_of, tmp_path):
    error = refusal(mirror_of(repo=f"file://{tmp_path}/gone").fetch)

    assert Reason.PREFLIGHT_FAILED == error.reason
    assert f"file://{tmp_path}/gone can't be read by this server: " in error.detail
    assert "does not" in error.detail


def test_directory_is_read_only_by_its_file_url(site, mirror_of):
    """The owner's list holds URLs; a bare path, were it ever to come here, is no transport."""
    site.commit({})

    error = refusal(mirror_of(repo=str(site.repo)).fetch)

    assert "transport 'file' not allowed" in error.detail


def test_transport_that_runs_commands_is_not_allowed(mirror_of, tmp_path):
    error = refusal(mirror_of(repo=f"ext::sh -c touch% {tmp_path}/made").fetch)

    assert "transport 'ext' not allowed" in error.detail
    assert not (tmp_path / "made").exists()


def test_branch_below_the_name_of_a_branch_that_is_gone(site, mirror, mirror_of):
    """Both can't be in one mirror."""
    git(site.repo, "branch", "--move", "main", "old")
    commit = site.commit({}, branch="main/two")
    mirror_of("main/two").fetch()

    assert commit == mirror_of("main/two").resolve("")


BREAK = {
    "no objects": lambda place: shutil.rmtree(place / "objects"),
    "no HEAD": lambda place: (place / "HEAD").unlink(),
    "empty HEAD": lambda place: (place / "HEAD").write_text(""),
    "no config": lambda place: (place / "config").write_text("[core"),
    "lost objects": lambda place: lose(place, b""),
    "half objects": lambda place: lose(place, b"x"),
    "lock of a killed git": lambda place: (place / "refs/heads/main.lock").touch(),
    "broken branch": lambda place: (place / "refs/heads/main").write_text("0000"),
}


def lose(place, content: bytes) -> None:
    """Remove all objects of a mirror, or leave rubbish of them."""
    for path in (place / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
            if content:
                path.write_bytes(content)


@pytest.mark.parametrize("news", [True, False], ids=["news", "no news"])
@pytest.mark.parametrize("damage", BREAK.values(), ids=BREAK)
def test_broken_mirror_is_made_anew(site, mirror, tmp_path, damage, news):
    commit = site.commit({"index.html": "two"}) if news else mirror.resolve("")
    damage(mirror.directory)

    mirror.fetch()

    assert commit == mirror.resolve(commit)
    assert {"index.html": "100644"} == mirror.files(commit)
    mirror.extract(commit, tmp_path / "tree")
    assert ("two" if news else "one") == (tmp_path / "tree/index.html").read_text()


def test_extraction_heals_a_mirror_that_lost_a_file(site, mirror, tmp_path):
    commit, blob = mirror.resolve(""), git(site.repo, "rev-parse", "main:index.html")
    for path in mirror.directory.glob("objects/pack/*"):
        path.unlink()
    git(mirror.directory, "fetch", "--quiet", str(site.repo), "main")
    (mirror.directory / "objects" / blob[:2] / blob[2:]).unlink()

    mirror.extract(commit, tmp_path / "tree")

    assert "one" == (tmp_path / "tree/index.html").read_text()
