"""cPanel changes the document root of a domain, as its `uapi` answers."""

import json
import shutil

import pytest

from runner.hosts.host import HostError

# Stands in for cPanel's program: it knows two domains, and keeps what it was asked to change.
UAPI = """#!/bin/sh
echo "$@" >>"$HOME/asked"
case "$2 $3" in
"DomainInfo domains_data") cat "$HOME/domains.json" ;;
"SubDomain changedocroot") cat "$HOME/answer.json" ;;
esac
"""
AGREED = json.dumps({"result": {"status": 1, "data": {}, "errors": None}})
REFUSED = json.dumps({"result": {"status": 0, "errors": ["Restricted to public_html."]}})
DOMAIN = "shop.example.com"


@pytest.fixture
def cpanel(server, host):
    """Give the account a subdomain, served from `shop`."""
    program = server.folder / "bin" / "uapi"
    program.write_text(UAPI)
    program.chmod(0o755)
    host.put("shop/index.html", "the site before")
    host.put("shop/.well-known/acme-challenge/first", "proof 1")
    main = {"domain": "example.com", "documentroot": f"{host.home}/public_html"}
    sub = {"domain": DOMAIN, "documentroot": f"{host.home}/shop"}
    addon = {"domain": "more.example.org", "documentroot": f"{host.home}/public_html/more"}
    data = {"main_domain": main, "sub_domains": [sub], "addon_domains": [addon]}
    host.put("domains.json", json.dumps({"result": {"status": 1, "data": data}}))
    host.put("answer.json", AGREED)
    return host.home


def _how(home, domain=DOMAIN):
    return {"domain": domain, "docroot": str(home / "shop")}


def _asked(home):
    lines = (home / "asked").read_text().splitlines()
    return [each.split()[2:] for each in lines if "changedocroot" in each]


def test_cpanel_is_asked_once_and_nothing_is_renamed(cpanel, deployed, apache):
    deployed.deploy("r1", **_how(cpanel))
    apache.serve(cpanel / "app/current/public")
    first = apache.get()
    deployed.deploy("r2", **_how(cpanel))

    assert [(200, "r1"), (200, "r2")] == [first, apache.get()]
    assert (200, "proof 1") == apache.get("/.well-known/acme-challenge/first")
    apache.serve(cpanel / "public_html")
    words = ["changedocroot", f"domain={DOMAIN}", "docroot=app%2Fcurrent%2Fpublic"]
    assert [words] == _asked(cpanel)
    assert (cpanel / "shop/index.html").exists()


def test_rollback_is_not_refused_before_it_is_known_what_is_served(cpanel, deployed):
    deployed.deploy("r1", **_how(cpanel))

    assert [] == deployed.set_root(**_how(cpanel), public="").findings()


def test_undo_asks_for_the_document_root_before(cpanel, deployed):
    root = deployed.deploy("r1", **_how(cpanel))
    root.undo()
    root.undo()

    assert ["docroot=app%2Fcurrent%2Fpublic", "docroot=shop"] == [
        each[-1] for each in _asked(cpanel)
    ]


def test_a_change_of_which_nobody_heard_is_taken_back(cpanel, host, deployed):
    host.put("answer.json", "Terminated")
    with pytest.raises(HostError, match="its answer is not understood: Terminated"):
        deployed.deploy("r1", **_how(cpanel))
    host.put("answer.json", AGREED)
    deployed.set_root().undo()

    assert "docroot=shop" == _asked(cpanel)[-1][-1]


def test_greetings_of_an_account_are_no_answer_of_cpanels(cpanel, host, deployed):
    host.put(".bashrc", "echo Welcome\n")
    deployed.deploy("r1", **_how(cpanel))

    assert 1 == len(_asked(cpanel))


def test_after_a_refusal_nothing_is_to_be_undone(cpanel, host, deployed):
    host.put("answer.json", REFUSED)
    with pytest.raises(HostError):
        deployed.deploy("r1", **_how(cpanel))

    deployed.set_root().undo()


def test_a_refusal_of_cpanels_is_told(cpanel, host, deployed):
    host.put("answer.json", REFUSED)
    with pytest.raises(HostError, match=r"Restricted to public_html\.; set it by hand"):
        deployed.deploy("r1", **_how(cpanel))


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("example.com", "cPanel changes no document root of a primary domain"),
        ("no.example.com", f"is no domain of hoster, which has: example.com, {DOMAIN}"),
    ],
)
def test_what_cpanel_will_not_do_is_told_before(cpanel, deployed, domain, said):
    [found] = deployed.set_root(**_how(cpanel, domain)).findings()

    assert "problem" == found.kind
    assert said in found.text


def test_a_host_without_uapi_is_told_before(deployed, host):
    host.put("shop/index.html", "the site before")
    [found] = deployed.set_root(**_how(host.home)).findings()

    assert "has no `uapi`" in found.text


def test_another_domain_inside_of_public_html_is_a_problem(cpanel, host, deployed):
    host.put("public_html/more/index.html", "another site")
    found = deployed.set_root(docroot=str(cpanel / "public_html")).findings()

    assert ["problem", "warning"] == [each.kind for each in found]
    assert f"more.example.org is served from {cpanel}/public_html/more" in found[0].text
    shutil.rmtree(cpanel / "public_html")
