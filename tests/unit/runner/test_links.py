"""Links from a release to what is shared: seeded once, relative, and never out of the release."""

from pathlib import Path

import pytest

from runner.errors import JobFailedError
from runner.targets.links import link_into


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """An empty release beside an empty shared directory."""
    (tmp_path / "shared").mkdir()
    found = tmp_path / "releases" / "1"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def shared(release: Path) -> Path:
    """The shared directory."""
    return release.parents[1] / "shared"


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_directory_that_nobody_has_is_made_empty(release, shared):
    link_into(release, shared, ["a/data"], [])

    assert (shared / "a/data").is_dir()
    assert "../../../shared/a/data" == str((release / "a/data").readlink())


def test_directory_of_the_release_seeds_the_shared_one(release, shared):
    written(release / "data/sub/file", "seed")
    (release / "data/link").symlink_to("sub/file")
    link_into(release, shared, ["data"], [])

    assert "seed" == (shared / "data/sub/file").read_text()
    assert "sub/file" == str((shared / "data/link").readlink())


def test_shared_directory_is_not_touched_by_the_release(release, shared):
    written(shared / "data/file", "kept")
    written(release / "data/file", "new")
    written(release / "data/other", "new")
    link_into(release, shared, ["data"], [])

    assert ["file"] == [path.name for path in (shared / "data").iterdir()]
    assert "kept" == (release / "data/file").read_text()


def test_half_a_seed_of_a_crash_is_made_anew(release, shared):
    written(shared / ".data.new/half", "x")
    written(release / "data/file", "seed")
    link_into(release, shared, ["data"], [])

    assert ["data"] == [path.name for path in shared.iterdir()]
    assert ["file"] == [path.name for path in (shared / "data").iterdir()]


@pytest.mark.parametrize("dirs", [["data", "data/in"], ["data/in", "data"], ["data", "data"]])
def test_directory_inside_another_is_shared_along_with_it(release, shared, dirs):
    written(release / "data/in/file", "x")
    link_into(release, shared, dirs, ["data/in/file"])

    assert not (shared / "data/in").is_symlink()
    assert not (shared / "data/in/file").is_symlink()
    assert "x" == (release / "data/in/file").read_text()


def test_directories_whose_names_begin_alike_are_both_shared(release, shared):
    link_into(release, shared, ["data", "data2"], ["data2.ini"])

    assert ["data", "data2", "data2.ini"] == sorted(path.name for path in release.iterdir())
    assert all(path.is_symlink() for path in release.iterdir())


def test_file_of_the_release_seeds_the_shared_one_with_its_mode(release, shared):
    written(release / "run.sh", "x").chmod(0o750)
    link_into(release, shared, [], ["run.sh"])

    assert 0o750 == (shared / "run.sh").stat().st_mode & 0o777
    assert ["run.sh"] == [path.name for path in shared.iterdir()]


def test_shared_file_is_kept(release, shared):
    written(shared / "a.ini", "kept")
    written(release / "a.ini", "new")
    link_into(release, shared, [], ["a.ini"])

    assert "kept" == (release / "a.ini").read_text()


def test_link_of_the_repository_is_no_seed(release, shared, tmp_path):
    """It could point at anything on the server."""
    secret = written(tmp_path / "secret/a.ini", "of the server")
    (release / "data").symlink_to(secret.parent)
    (release / "a.ini").symlink_to(secret)
    link_into(release, shared, ["data"], ["a.ini"])

    assert [] == list((shared / "data").iterdir())
    assert not (shared / "a.ini").exists()
    assert "of the server" == secret.read_text()
    assert "../../shared/a.ini" == str((release / "a.ini").readlink())


@pytest.mark.parametrize(("dirs", "files"), [(["out/data"], []), ([], ["out/a.ini"])])
def test_way_out_of_the_release_is_refused(release, shared, tmp_path, dirs, files):
    outside = tmp_path / "outside"
    outside.mkdir()
    (release / "out").symlink_to(outside)

    with pytest.raises(JobFailedError, match="leads out of the release"):
        link_into(release, shared, dirs, files)

    assert [] == list(outside.iterdir())


def test_way_by_a_link_inside_the_release_is_taken(release, shared):
    (release / "real").mkdir()
    (release / "way").symlink_to("real")
    link_into(release, shared, ["way/data"], [])

    assert (release / "real/data").is_symlink()
    assert (release / "way/data").resolve() == shared / "way/data"


def test_linking_twice_changes_nothing(release, shared):
    written(release / "data/file", "x")
    for _ in range(2):
        link_into(release, shared, ["data"], ["a.ini"])

    assert "x" == (shared / "data/file").read_text()
    assert "../../shared/data" == str((release / "data").readlink())
