"""What a runner leaves on disk for the one after it."""

import json

import pytest

from deployr.wire import Release
from runner import journal as journal_module
from runner.journal import Journal, Journals, Switch

SWITCH = Switch(
    root="/srv/www/shop",
    release=Release(name="20260203180000-7", commit="a" * 40, state="live"),
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "state" / "jobs"


@pytest.fixture
def journals(root) -> Journals:
    return Journals(root)


def test_claim_is_on_disk_for_its_owner_alone(journals, root):
    journals.create(7, "claim-7").close()

    claim = root / "7" / "claim.json"
    assert {"job_id": 7, "claim_id": "claim-7"} == json.loads(claim.read_text())
    assert [0o600, 0o700] == [path.stat().st_mode & 0o777 for path in (claim, claim.parent)]


def test_what_was_noted_is_found_by_the_next_runner(journals):
    journal = journals.create(7, "claim-7")
    journal.spool.append(b"one\n")
    journal.begin_step("fetch")
    journal.begin_step("activate")
    journal.begin_switch(SWITCH)
    journal.write_end({"status": "completed"})
    journal.close()

    (found,) = journals.found()
    assert (7, "claim-7", "activate") == (found.job_id, found.claim_id, found.step)
    assert SWITCH == found.switch
    assert {"status": "completed"} == found.end
    assert b"one\n" == found.spool.chunk(0, 100)
    found.close()


def test_journal_of_a_job_that_has_just_been_claimed_tells_nothing_more(journals):
    journals.create(7, "claim-7").close()

    (found,) = journals.found()
    assert (None, None, None) == (found.step, found.switch, found.end)
    found.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"job_id": 7}', "\0" * 40, '"x"'])
def test_torn_files_are_as_missing_ones(journals, root, text):
    journals.create(7, "claim-7").close()
    for name in ("progress.json", "switch.json", "end.json"):
        (root / "7" / name).write_text(text)

    (found,) = journals.found()
    assert (None, None, None) == (found.step, found.switch, found.end)
    found.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "\0" * 40])
def test_directory_without_a_readable_claim_was_never_posted_and_goes(journals, root, text):
    journals.create(7, "claim-7").close()
    (root / "7" / "claim.json").write_text(text)

    assert [] == journals.found()
    assert not (root / "7").exists()


def test_what_is_no_job_is_left_alone(journals, root):
    (root / "lost+found").mkdir(parents=True)

    assert [] == journals.found()
    assert (root / "lost+found").exists()


def test_jobs_are_found_in_their_order(journals):
    for job_id in (10, 9, 100):
        journals.create(job_id, "claim").close()

    assert [9, 10, 100] == [journal.job_id for journal in journals.found()]


def test_removed_journal_is_gone(journals, root):
    journal = journals.create(7, "claim-7")
    assert journals.holds(7)
    journal.remove()
    journal.remove()

    assert not journals.holds(7)
    assert [] == list(root.iterdir())


def test_all_logs_together_have_a_cap(journals, monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_BYTES", 100)
    first, second = journals.create(1, "a"), journals.create(2, "b")
    first.spool.append(b"x" * 59 + b"\n")
    assert 40 == journals.room()
    second.spool.append(b"x" * 39 + b"\n")
    assert second.problem is None
    second.spool.append(b"x")

    assert "may not grow any more" in (second.problem or "")
    first.remove()
    assert 60 == journals.room()
    second.close()


def test_place_that_can_not_be_written_is_a_problem_and_no_error(tmp_path):
    (tmp_path / "jobs").write_text("a file where a directory should be")
    journals = Journals(tmp_path / "jobs")

    journal = journals.create(7, "claim-7")
    journal.begin_step("fetch")
    journal.write_end({"status": "failed"})

    assert "can't write its own files" in (journal.problem or "")
    assert not journals.holds(7)
    assert [] == journals.found()
    journal.remove()


def test_journal_can_be_read_alone(journals, root):
    journals.create(7, "claim-7").close()
    found = Journal.read(root / "7")

    assert found is not None
    assert "claim-7" == found.claim_id
    assert Journal.read(root / "8") is None
