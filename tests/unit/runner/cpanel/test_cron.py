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


def test_app_on_this_server_has_services(site, command):
    answer = command("cron", "shop")

    assert (2, True) == (answer.code, "deploy.restart" in answer.err)
