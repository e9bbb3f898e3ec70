"""Lines of a crontab that belong to a project, among those that do not."""

import pytest

from runner.cron import block, change, lines, with_block
from runner.hosts.host import HostError
from tests.support.account_host import AccountHost
from tests.support.sshd import Sshd

JOBS = lines("/home/me/app/.deployr/bin/php", "/home/me/app/current")
MINE = block("shop production", JOBS)
OTHER = "MAILTO=me\n0 3 * * * backup\n"


def test_jobs_run_each_minute_and_say_nothing():
    start = "* * * * * cd /home/me/app/current && /home/me/app/.deployr/bin/php artisan "

    assert [
        f"{start}schedule:run >/dev/null 2>&1",
        f"{start}queue:work --stop-when-empty --max-time=55 >/dev/null 2>&1",
    ] == JOBS


def test_hostile_paths_are_one_word_each_and_never_the_end_of_the_line():
    line = lines("/php", "/home/me/50% off; rm -rf ~")[0]

    assert "cd '/home/me/50\\% off; rm -rf ~' && /php artisan" in line


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("", MINE),
        ("\n", MINE),
        (OTHER, OTHER + MINE),
        (OTHER.rstrip(), OTHER + MINE),
        (MINE.replace("55", "10") + OTHER, OTHER + MINE),
        (OTHER + MINE.rstrip(), OTHER + MINE),
        (MINE + OTHER + MINE, OTHER + MINE),
        (block("shop staging", ["x"]), block("shop staging", ["x"]) + MINE),
    ],
)
def test_block_is_put_once_and_the_rest_stays(table, wanted):
    assert wanted == with_block(table, "shop production", JOBS)
    assert wanted == with_block(wanted, "shop production", JOBS)


def test_no_jobs_take_the_block_out():
    assert OTHER == with_block(OTHER + MINE, "shop production", [])
    assert OTHER == with_block(OTHER, "shop production", [])


def test_name_with_signs_of_patterns_is_meant_letter_by_letter():
    other = block("shop.a production", ["x"])

    assert other == with_block(other, "shopXa production", [])
    assert other == with_block(other, "shop.. production", [])


def test_block_without_an_end_is_for_people():
    with pytest.raises(ValueError, match="has the line `# deployr shop production begin` without"):
        with_block("# deployr shop production begin\n* * * * * precious\n", "shop production", JOBS)


def test_real_crontab_takes_and_loses_them(tmp_path):
    with Sshd() as server:
        host = AccountHost(server, tmp_path)
        try:
            host.ask("crontab -", [OTHER.encode()])
            told = [change(host, "shop production", JOBS), change(host, "shop production", JOBS)]
            with_them = host.ask("crontab -l").decode()
            told.append(change(host, "shop production", []))
            without = host.ask("crontab -l").decode()
            host.ask("crontab -", [b"# deployr shop production begin\n"])
            with pytest.raises(HostError, match="hoster: the crontab has the line"):
                change(host, "shop production", JOBS)
        finally:
            host.ask("crontab -r")
            host.close()

    assert [True, False, True] == told
    assert (OTHER + MINE, OTHER) == (with_them, without)
