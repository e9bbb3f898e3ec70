"""`deployr-runner target`: the hosts that this runner deploys to by SSH."""

import json
import shutil
import sys
from typing import Any

import click

from ..asking import confirm
from ..config import CONFIG_FILE, Places, load
from ..errors import ConfigError
from ..hosts.book import (
    Hop,
    HostEntry,
    fingerprint,
    host_named,
    load_hosts,
    make_hop,
    make_host,
    save_hosts,
)
from ..hosts.host import Probe
from ..hosts.probe import plain
from .host_texts import line, public, table


@click.group()
def target() -> None:
    """Register the hosts that this runner deploys to by SSH."""


@target.command("add")
@click.argument("name")
@click.option("--host", required=True, help="Its name or address.")
@click.option("--port", type=int, default=22, show_default=True, help="Of its SSH server.")
@click.option("--user", required=True, help="Who you are there.")
@click.option("--key", type=click.Path(resolve_path=True), help="File of a private key.")
@click.option("--agent", is_flag=True, help="Log in by the SSH agent.")
@click.option("--password", is_flag=True, help="Log in by a password, asked for or read as input.")
@click.option("--jump", multiple=True, help="Server on the way, as user@host:port; repeatable.")
@click.option("--replace", is_flag=True, help="Take the place of a host of that name.")
@click.option("--yes", is_flag=True, help="Trust the keys that the servers show, without asking.")
@click.pass_obj
def add(places: Places, /, name: str, *, replace: bool, yes: bool, **given: Any) -> None:  # noqa: ANN401 - checked by make_host
    """Register a host: pin its key, log in, and find out what it can do.

    Compare the fingerprint with what the hoster says: from then on no other key is accepted.

    \b
    Examples:
      deployr-runner target add hoster --host example.com --port 2222 --user me \\
        --key ~/.ssh/deployr
      deployr-runner target add hoster --host example.com --user me --password < file
    """
    others = [each for each in load_hosts(places) if each.name != name]
    if len(others) != len(load_hosts(places)) and not replace:
        raise ConfigError(f"{name} is registered already; to change it, add --replace")
    entry = make_host(name=name, **_fields(given))
    entry = _pinned(entry, asks=not yes)
    save_hosts(places, (*others, entry))
    click.echo(table(_looked_at(places, entry)))
    click.echo(
        f"{name} is registered. Next: the line that `deployr runners add --host {name}` prints"
    )


@target.command("test")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def test(places: Places, name: str, *, as_json: bool) -> None:
    """Log in to a host and show what it can do."""
    entry = host_named(places, name)
    probe = _looked_at(places, entry)
    if as_json:
        click.echo(json.dumps({**public(entry), "probe": plain(probe)}, indent=2))
    else:
        click.echo(f"{line(entry)}\n{table(probe)}")


@target.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def list_(places: Places, *, as_json: bool) -> None:
    """List the registered hosts."""
    entries = load_hosts(places)
    if as_json:
        click.echo(json.dumps([public(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        click.echo(line(entry))
    if not entries:
        click.echo("No host is registered yet: deployr-runner target add --help")


@target.command("remove")
@click.argument("name")
@click.pass_obj
def remove(places: Places, name: str) -> None:
    """Forget a host; what is deployed there stays."""
    entry = host_named(places, name)
    if (places.config / CONFIG_FILE).exists():
        for each in load(places).allow:
            if each.host == name:
                raise ConfigError(
                    f"{each.title} is deployed to {name}; run first: deployr-runner allow remove "
                    f"--project {each.key} --environment {each.environment}"
                )
    save_hosts(places, [each for each in load_hosts(places) if each != entry])
    shutil.rmtree(places.hosts / name, ignore_errors=True)
    (places.hosts / f"{name}.json").unlink(missing_ok=True)
    click.echo(f"{name} is forgotten; what is deployed there stays")


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    password = None
    if given.pop("password"):
        if given["key"] or given["agent"]:
            raise ConfigError("name one of --key, --agent and --password")
        password = _asked_password()
    jump = tuple(make_hop(each) for each in given.pop("jump"))
    return {**given, "agent": given["agent"] or None, "password": password, "jump": jump}


def _asked_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _pinned(entry: HostEntry, *, asks: bool) -> HostEntry:
    """Log in, and return the entry with the keys that the owner trusts. Raises HostError."""
    from ..hosts.dial import dial  # noqa: PLC0415 - paramiko is slow to load

    shown: dict[str, str] = {}

    def trust(hop: Hop, host_key: str) -> None:
        kind = host_key.partition(" ")[0]
        click.echo(f"{hop.host}:{hop.port} shows its key {fingerprint(host_key)} ({kind})")
        if asks:
            confirm("Is that the key of this server?", "trusting a server's key")
        shown[hop.address] = host_key

    for transport in reversed(dial(entry, trust)):
        transport.close()
    jump = [hop.model_copy(update={"host_key": shown[hop.address]}) for hop in entry.jump]
    return entry.model_copy(update={"host_key": shown[entry.address], "jump": tuple(jump)})


def _looked_at(places: Places, entry: HostEntry) -> Probe:
    from ..hosts.ssh_host import SshHost  # noqa: PLC0415 - paramiko is slow to load

    host = SshHost(entry, places.hosts)
    try:
        return host.look()
    finally:
        host.close()
