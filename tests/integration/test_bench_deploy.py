"""The measurement of deployments: one tiny round of it, and how it prints its figures."""

import tempfile
from pathlib import Path

from bench.deploy import PHASES, one_round, tell
from bench.deploy_apps import KEEP_RELEASES, BenchApp, create_project, write_static
from bench.deploy_ours import Push
from bench.deploy_peers import Script
from tools.demo.system import DeployrSystem

TINY = BenchApp(
    name="static", write=lambda directory: write_static(directory, 20), before=("touch MADE",)
)


def test_tiny_round():
    """Push and script deploy two commits each; what is live is checked in the round itself."""
    with (
        tempfile.TemporaryDirectory(prefix="deployr-bench-") as root,
        DeployrSystem(Path(root)) as system,
    ):
        create_project(TINY, system)
        script = Script("script", TINY, system, ["sh"])
        found = one_round(system, TINY, [Push(TINY, system), script], 0)

        assert list(PHASES) == list(found)
        for seconds in found.values():
            assert 0 < seconds["step activate"] < seconds["engine"] < seconds["deployr push"]
            assert seconds["script"] > 0
        assert (script.root / "current" / "MADE").exists()

        for _ in range(KEEP_RELEASES):
            script.deploy("HEAD")
        assert KEEP_RELEASES == len(list((script.root / "releases").iterdir()))


def test_figures(capsys):
    """The ratio is the median of the rounds' ratios; what misses its target is short."""
    tell("static", "first", [_seconds(engine) for engine in (1.0, 1.2, 9.0)])

    lines = capsys.readouterr().out.splitlines()
    assert "  script            1.00 s   1.00 x script" in lines
    assert "  of the engine: fetch 0.500" in lines
    assert lines[-2:] == [
        "BENCH deploy-static-first-engine 1.20 target <=1.5 ok",
        "BENCH deploy-static-first-push 0.80 target <=0.5 short",
    ]


def test_laravel_is_measured_in_seconds_beside_the_script(capsys):
    tell("laravel", "redeploy", [_seconds(1.1)])

    assert "BENCH deploy-laravel-redeploy-engine-extra-seconds 0.10 target <=0.15 ok" in (
        capsys.readouterr().out.splitlines()
    )


def _seconds(engine):
    times = {"deployr push": 4.0, "engine": engine, "step fetch": 0.5}
    return times | {"script": 1.0, "capistrano": 5.0}
