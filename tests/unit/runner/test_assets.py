"""Hashed files of earlier releases: which are taken over, for how long, and what is not touched."""

import errno
import os
from pathlib import Path

import pytest

from runner.assets import AssetNotes, files_below, merge_assets

STATIC = ".next/static"


class Releases:
    """Releases made one after the other, each with what the `keep` before it served."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes = AssetNotes(root / "notes")
        self.made: list[Path] = []

    def build(self, *names: str) -> Path:
        release = self.root / f"release-{len(self.made)}"
        for name in names:
            path = release / STATIC / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name} of {release.name}")
        return release

    def add(self, *names: str, keep: int = 2) -> list[str]:
        """Make a release and return the files that it serves."""
        release = self.build(*names)
        self.notes.take(release, STATIC)
        for earlier in self.made[::-1][:keep]:
            merge_assets(release, earlier, self.notes.own(earlier, STATIC))
        self.made.append(release)
        return [name.removeprefix(f"{STATIC}/") for name in files_below(release, STATIC)]


@pytest.fixture
def releases(tmp_path) -> Releases:
    return Releases(tmp_path)


def test_files_stay_for_so_many_releases_and_then_vanish(releases):
    releases.add("a.js")

    assert ["a.js", "chunks/b.js"] == releases.add("chunks/b.js")
    assert ["a.js", "c.js", "chunks/b.js"] == releases.add("c.js")
    assert ["c.js", "chunks/b.js", "d.js"] == releases.add("d.js")


def test_own_file_wins_over_an_earlier_one(releases):
    releases.add("same.js")
    releases.add("same.js")

    assert "same.js of release-1" == (releases.made[1] / STATIC / "same.js").read_text()


def test_files_are_linked_and_counted(releases):
    releases.add("a.js", "b.js")
    new = releases.build("b.js")

    assert 1 == merge_assets(new, releases.made[0], [f"{STATIC}/a.js", f"{STATIC}/b.js"])
    assert (new / STATIC / "a.js").samefile(releases.made[0] / STATIC / "a.js")


def test_file_that_cannot_be_linked_is_copied(releases, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    releases.add("chunks/a.js")
    monkeypatch.setattr(os, "link", refuse)

    assert ["b.js", "chunks/a.js"] == releases.add("b.js")
    assert "chunks/a.js of release-0" == (releases.made[1] / STATIC / "chunks/a.js").read_text()


def test_release_without_a_note_gives_all_that_it_has(releases):
    old = releases.build("a.js")

    assert [f"{STATIC}/a.js"] == releases.notes.own(old, STATIC)


def test_notes_of_removed_releases_go(releases):
    releases.add("a.js")
    releases.add("b.js")
    releases.notes.forget_all_but(["release-1"])

    assert ["release-1"] == [note.name for note in (releases.root / "notes").iterdir()]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that no release may ever serve."""
    path = tmp_path / "etc" / "secret.js"
    path.parent.mkdir()
    path.write_text("secret")
    return path


@pytest.mark.parametrize("link", [".next", STATIC, f"{STATIC}/chunks", f"{STATIC}/secret.js"])
@pytest.mark.parametrize("is_linked", [True, False], ids=["linked", "copied"])
def test_links_of_an_earlier_release_are_not_followed(
    releases, secret, monkeypatch, link, is_linked
):
    if not is_linked:
        error = OSError(errno.EXDEV, "another file system")
        monkeypatch.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(error))
    old = releases.root / "old"
    (old / link).parent.mkdir(parents=True)
    (old / link).symlink_to(secret if link.endswith(".js") else secret.parent)
    new = releases.build("own.js")
    names = [f"{STATIC}/secret.js", f"{STATIC}/chunks/secret.js", ".next/secret.js"]

    assert [] == files_below(old, STATIC)
    assert 0 == merge_assets(new, old, names)
    assert [f"{STATIC}/own.js"] == files_below(new, ".next")


def test_links_of_the_new_release_are_not_written_through(releases, secret):
    releases.add("chunks/a.js")
    new = releases.build("own.js")
    (new / STATIC / "chunks").symlink_to(secret.parent)

    assert 0 == merge_assets(new, releases.made[0], [f"{STATIC}/chunks/a.js"])
    assert [secret] == list(secret.parent.iterdir())
