"""The record of releases, which of them may go, and how the live one is switched."""

import json
from datetime import UTC, datetime

import pytest

from runner.releases import Record, State, parse, release_name, render, superfluous
from runner.targets.vps import VpsTarget


def name(number: int) -> str:
    return f"202602031800{number:02}-{number}"


def record(number: int, state: State = "good") -> Record:
    return Record(
        release=name(number), state=state, job=number, commit="a" * 40, branch="main", at="x"
    )


def records(**states: State) -> dict[str, Record]:
    """Return records of releases by number, as `r1="good"`."""
    return {name(int(key[1:])): record(int(key[1:]), state) for key, state in states.items()}


def gone(known: dict[str, Record], live: int | None, keep: int) -> list[int]:
    present = [name(number) for number in (4, 2, 3, 1)]
    found = superfluous(present, known, name(live) if live else None, keep)
    return sorted(int(one.partition("-")[2]) for one in found)


def test_name_tells_time_and_job():
    assert "20260203180405-7" == release_name(datetime(2026, 2, 3, 18, 4, 5, tzinfo=UTC), 7)


ALL_GOOD = records(r1="good", r2="good", r3="good", r4="good")

PRUNED = {
    "newest are kept": (ALL_GOOD, 4, 2, [1, 2]),
    "enough room": (ALL_GOOD, 4, 4, []),
    "more room than releases": (ALL_GOOD, 4, 9, []),
    "live one is kept though old": (ALL_GOOD, 1, 2, [2]),
    "nothing is live": (ALL_GOOD, None, 1, [1, 2, 3]),
    "bad ones go and do not count": (
        records(r1="good", r2="good", r3="bad", r4="good"),
        4,
        2,
        [1, 3],
    ),
    "half-made ones go": (records(r1="building", r2="good", r3="live", r4="good"), 4, 2, [1, 3]),
    "live one is kept though bad": (records(r3="good", r4="bad"), 4, 5, [1, 2]),
    "removed ones do not count": (
        records(r0="good", r1="good", r2="pruned", r3="good", r4="good"),
        4,
        3,
        [2],
    ),
    "order is that of the record": (records(r4="good", r3="good", r2="good"), 2, 1, [1, 4]),
    "the one before is kept": (ALL_GOOD, 4, 1, [1, 2]),
    "the one before a sick one is kept": (
        records(r1="good", r2="good", r3="good", r4="live"),
        4,
        1,
        [1, 2],
    ),
    "the one before an older one is kept": (ALL_GOOD, 2, 1, [3]),
    "no record": ({}, 4, 5, [1, 2, 3]),
}


@pytest.mark.parametrize(("known", "live", "keep", "expected"), PRUNED.values(), ids=PRUNED)
def test_superfluous_releases_are_named(known, live, keep, expected):
    assert expected == gone(known, live, keep)


def test_directories_of_others_are_left_alone():
    present = ["backup", "20260203", "20260203180000-x", "2026020318000-1", name(1)]

    assert [name(1)] == list(superfluous(present, {}, None, 5))


def test_adopted_release_is_never_removed():
    """It may hold uploads that neither the repository nor `shared` has."""
    adopted = "20260203170000-0"

    assert [name(1)] == list(superfluous([adopted, name(1)], {}, None, 1))


def test_last_record_of_a_release_counts():
    text = render(record(1, "live")) + render(record(2, "good")) + render(record(1, "good"))

    assert {name(1): "good", name(2): "good"} == {
        release: found.state for release, found in parse(text).items()
    }


def test_release_keeps_its_place_in_the_order_when_it_is_recorded_again():
    text = render(record(1, "live")) + render(record(2, "good")) + render(record(1, "good"))

    assert [name(1), name(2)] == list(parse(text))


TORN = ["", "\n", '{"release": "2026', "{}\n", "null\n", "\0\0\0\n", "[" * 100_000 + "\n"]


@pytest.mark.parametrize("rubbish", TORN, ids=range(len(TORN)))
def test_torn_lines_of_a_crash_are_skipped(rubbish):
    text = f"{render(record(1))}{render(record(2))}{rubbish}"

    assert [name(1), name(2)] == list(parse(text))


def test_record_of_a_later_version_is_read():
    line = json.dumps({**record(1).model_dump(), "new_field": 1})

    assert {name(1): record(1)} == parse(line)


@pytest.fixture
def target(tmp_path) -> VpsTarget:
    """A prepared deploy root."""
    found = VpsTarget(tmp_path / "www")
    found.prepare()
    return found


def make(target: VpsTarget, *numbers: int, state: State = "good") -> None:
    """Put releases there and record them."""
    for number in numbers:
        target.release_path(name(number)).mkdir()
        target.record(record(number, state))


def left(target: VpsTarget) -> list[str]:
    return sorted(path.name for path in (target.root / "releases").iterdir())


def test_pruning_removes_and_returns_the_old_ones_once(target):
    make(target, 1, 2, 3)
    target.activate(target.live_name(name(3)))

    assert [name(1)] == target.prune(2).gone
    assert [name(2), name(3)] == left(target)
    assert [] == target.prune(2).gone


@pytest.mark.parametrize("rubbish", [b'{"release": "20', b"\xff\xfe", b"\0\0"])
def test_record_after_a_torn_line_is_not_lost(target, rubbish):
    """The disk was full, or the machine went down while the line was written."""
    make(target, 1)
    path = target.root / ".deployr/releases.jsonl"
    path.write_bytes(path.read_bytes() + rubbish)
    make(target, 2, 3)
    target.activate(target.live_name(name(3)))

    assert [name(1)] == target.prune(2).gone


def test_pruning_clears_half_copied_releases(target):
    (target.root / ".deployr/incoming-x/a").mkdir(parents=True)
    target.prune(5)

    assert not (target.root / ".deployr/incoming-x").exists()


def test_switch_replaces_the_link_and_keeps_it_relative(target):
    make(target, 1, 2)
    target.activate(target.live_name(name(1)))
    target.activate(target.live_name(name(2)))

    assert f"releases/{name(2)}" == str((target.root / "current").readlink())
    assert f"releases/{name(2)}" == target.live()


def test_switch_after_a_crash_in_the_middle_of_one(target):
    make(target, 1)
    (target.root / ".deployr/current.new").symlink_to("releases/gone")
    target.activate(target.live_name(name(1)))

    assert target.live_name(name(1)) == target.live()


def test_nothing_is_live_at_first(target):
    assert target.live() is None


def test_place_is_for_one_deployment_at_a_time(target):
    other = VpsTarget(target.root)
    assert target.lock()
    assert not other.lock()
    target.unlock()
    target.unlock()

    assert other.lock()
    other.unlock()
