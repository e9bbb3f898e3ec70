"""Cron jobs of an app in a hosting account, by the owner's command."""

import subprocess

MINE = "0 3 * * * backup\n"


def crontab(site, *words, **options):
    argv = ["crontab", "-u", site.server.user, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, **options).stdout


def test_jobs_come_and_go_and_others_stay(shop, command):
    crontab(shop, "-", input=MINE)
    printed = command("cron", "shop").out
    assert f"cd {shop.root}/current && {shop.root}/.deployr/bin/php artisan schedule:run" in printed

    assert "are now in the crontab of hoster" in command("cron", "shop", "--install").out
    assert MINE + printed == crontab(shop, "-l")
    assert "were already in" in command("cron", "shop", "--install").out
    assert "are now taken out of" in command("cron", "shop", "--remove").out

    assert MINE == crontab(shop, "-l")


def test_a_table_that_can_not_be_read_stays(shop, command):
    """A host that is short of processes, say: the jobs of others would be lost."""
    crontab(shop, "-", input=MINE)
    bin_ = shop.place / "bin"
    program = '#!/bin/sh\n[ "$1" = - ] || { echo "crontab: fork failed" >&2; exit 1; }\n'
    shop.put(bin_ / "crontab", f"{program}exec /usr/bin/crontab -\n")
    (bin_ / "crontab").chmod(0o755)
    shop.put(shop.server.home / ".bashrc", f"PATH={bin_}:$PATH\n")
    try:
        answer = command("cron", "shop", "--install")
    finally:
        (shop.server.home / ".bashrc").unlink()

    assert (1, True) == (answer.code, "fork failed" in answer.err)
    assert MINE == crontab(shop, "-l")


def test_app_on_this_server_has_services(site, command):
    answer = command("cron", "shop")

    assert (2, True) == (answer.code, "deploy.restart" in answer.err)
