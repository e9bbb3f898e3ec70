"""Memory for a build: what the machine has, and what control groups leave of it."""

import pytest

from deployr.states import Framework
from runner.preflight.disk import MIB
from runner.preflight.memory import available, memory_findings


@pytest.fixture
def machine(tmp_path):
    """Write what the kernel tells of a machine with 3000 MiB of memory and 1000 MiB of swap."""

    def write(**files: str):
        lines = f"MemTotal: 9 kB\nMemAvailable: {3000 * 1024} kB\nSwapFree: {1000 * 1024} kB\n"
        groups = "12:memory:/old\n0::/user.slice/runner.service\n"
        for name, text in {"proc/meminfo": lines, "proc/self/cgroup": groups, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return available(tmp_path / "proc", tmp_path / "groups") / MIB

    return write


OWN = "groups/user.slice/runner.service/memory"


def test_memory_and_swap_without_limits(machine):
    assert 4000 == machine()
    assert 4000 == machine(**{f"{OWN}.max": "max\n"})


def test_limit_of_the_own_group_less_what_is_used_and_can_not_be_given_up(machine):
    limits = {f"{OWN}.max": str(500 * MIB), f"{OWN}.current": str(300 * MIB)}
    limits |= {f"{OWN}.stat": f"anon 1\ninactive_file {100 * MIB}\n", f"{OWN}.swap.max": "0"}

    assert 300 == machine(**limits)


def test_swap_of_a_group_is_at_most_that_of_the_machine(machine):
    limits = {f"{OWN}.max": str(500 * MIB), f"{OWN}.current": str(300 * MIB)}

    assert 1200 == machine(**limits)
    swap = {f"{OWN}.swap.max": str(50 * MIB), f"{OWN}.swap.current": str(20 * MIB)}
    assert 230 == machine(**limits, **swap)


@pytest.mark.parametrize("group", ["groups/user.slice/memory", "groups/memory"])
def test_group_above_limits_too(machine, group):
    assert 10 == machine(**{f"{group}.max": str(10 * MIB), f"{group}.swap.max": "0"})


def test_this_machine_has_some():
    assert available() > 100 * MIB


@pytest.mark.parametrize(
    ("mib", "kinds"), [(1024, []), (1023, ["warning"]), (512, ["warning"]), (511, ["problem"])]
)
def test_next_build_needs_half_a_gigabyte_and_likes_a_whole_one(mib, kinds):
    found = memory_findings(Framework.NEXTJS, mib * MIB)

    assert kinds == [finding.kind for finding in found]
    assert all(f"{mib} MiB of memory" in finding.text for finding in found)
    assert all("add swap (fallocate" in finding.text for finding in found)


def test_other_builds_are_not_judged():
    assert [] == memory_findings(Framework.STATIC, MIB)
