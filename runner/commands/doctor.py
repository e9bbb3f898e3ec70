"""`deployr-runner doctor`: what would keep this runner from deploying, before it is asked to."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import click

from ..accounts import name_for
from ..allowlist import Allow
from ..config import Places, RunnerConfig
from ..errors import ConfigError, ExitCode
from ..hosts.host import HostError
from ..hosts.opened import open_host
from ..preflight import Finding, problem
from ..preflight.account import place_findings
from ..preflight.project import ProjectCheck
from ..preflight.service import (
    backend_findings,
    clock_findings,
    config_of,
    machine,
    sharing_findings,
    started_by,
    state_findings,
    tool_findings,
    user_findings,
)


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    subject: str
    """`runner`, or the project and its environment."""
    check: str
    kind: Literal["ok", "info", "warning", "problem"]
    text: str


@click.command()
@click.argument("project", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def doctor(places: Places, project: str | None, *, as_json: bool) -> None:
    """Look at this runner and the projects that it may deploy, and say what to do.

    Nothing is changed. The exit code is 0 without a problem, else 1.
    """
    lines = list(_lines(places, project))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        for line in lines:
            click.echo(f"{line.kind:<8} {line.subject}: {line.check}: {line.text}")
    if any(line.kind == "problem" for line in lines):
        raise SystemExit(ExitCode.FAILURE)


def _lines(places: Places, project: str | None) -> Iterator[Line]:
    config, found = config_of(places)
    yield from _told("runner", "configuration", found, f"{places.config} is private and readable")
    yield from _told("runner", "tools", tool_findings(), "git and tar are there")
    yield from _told("runner", "state", state_findings(places), machine(places))
    yield Line("runner", "service", "info", started_by())
    if not config:
        return
    yield from _told("runner", "build users", sharing_findings(config), "no two projects share one")
    yield from _told("runner", "user", user_findings(places), "the one that deploys")
    accepted = f"{config.url} accepts this runner"
    yield from _told("runner", "backend", backend_findings(places, config.url), accepted)
    yield from _told("runner", "clock", clock_findings(config.url), "as the backend's")
    for entry in _entries(config, project):
        yield from _project(places, entry, name_for(config, entry))


def _entries(config: RunnerConfig, project: str | None) -> Iterable[Allow]:
    found = [entry for entry in config.allow if project is None or entry.is_called(project)]
    if project and not found:
        raise ConfigError(f"{project} is not on the list: see `deployr-runner allow list`")
    return found


def _project(places: Places, entry: Allow, builder: str | None) -> Iterator[Line]:
    subject, check = entry.title, ProjectCheck(places, entry)
    yield from _told(subject, "repository", check.repository(), f"{entry.repo} can be read")
    yield from _told(subject, "builds", check.build_user(builder), f"run as {builder}")
    if entry.is_account:
        where = entry.host or "this account"
        yield from _told(subject, "account", _account(places, entry), f"{where} can be deployed to")
        yield from _told(subject, "env file", check.env_file(), "private, and sets something")
        return
    yield from _told(subject, "path", check.place(), f"{entry.path} can be written")
    yield from _told(subject, "disk", check.disk(), "there is room for one more release")
    yield from _told(subject, "env file", check.env_file(), "private, and sets something")
    yield from _told(subject, "tools", check.tools(), "as the live release needs them")
    yield from _told(subject, "health check", check.page(), "something answers there")


def _account(places: Places, entry: Allow) -> list[Finding]:
    """Say why nothing can be deployed to the hosting account of an entry."""
    try:
        host = open_host(places, entry.host, "doctor")
        try:
            return list(place_findings(host.name, host.look()))
        finally:
            host.close()
    except (HostError, ConfigError) as error:
        return [problem(str(error))]


def _told(subject: str, check: str, found: list[Finding] | None, fine: str) -> Iterator[Line]:
    if found is None:
        return
    if not found:
        yield Line(subject, check, "ok", fine)
    for finding in found:
        yield Line(subject, check, finding.kind, finding.text)
