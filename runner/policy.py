"""What this runner may do. The backend's word is data: only the owner's own list is authority."""

import json
import shlex
from collections.abc import Sequence

from deployr.manifest import Manifest
from deployr.repo import branch_problem, is_full_commit, name_problem, url_problem
from deployr.states import Action, Reason, Target
from deployr.wire import JobSpec

from .accounts import Account, find, name_for
from .allowlist import Allow
from .config import RunnerConfig
from .errors import ConfigError, JobFailedError
from .shell import switch_problem

_PLACE = ("--path", "/path/on/this/server")
_ACCOUNT = " (for target: cpanel also --docroot, and --host where it is reached by SSH)"


def allowed_entry(spec: JobSpec, allow: tuple[Allow, ...]) -> Allow:
    """Return the entry that lets `spec` run.

    Raises JobFailedError (`policy_refused`).
    """
    entry = _entry_of(spec, allow)
    if spec.repo != entry.repo:
        raise _refused(
            f"{spec.project} may only come from {entry.repo}, not from {spec.repo!r}. "
            f"If it moved, run on the server: {_remove_command(entry)}, then "
            f"{_add_command(spec, entry.place_words, entry.project_id)}{_namesake_hint(spec, entry)}"
        )
    # A rollback runs nothing but what was allowed when it was deployed.
    is_new = spec.action is not Action.ROLLBACK
    if is_new and spec.branch not in entry.branches:
        raise _refused(
            f"the branch {spec.branch!r} of {spec.project} is not allowed here. "
            f"To allow it, run on the server: {_add_command(spec, entry.place_words, entry.project_id)}"
        )
    path = spec.params.get("path", entry.path)
    if path != entry.path:
        raise _refused(f"the job wants {path!r}, but {spec.project} goes to {entry.path}")
    if is_new and not spec.unsigned and not is_full_commit(spec.commit):
        raise _refused("the job does not name the whole hash of a commit")
    return entry


def check_manifest(manifest: Manifest, entry: Allow) -> None:
    """Raise JobFailedError (`policy_refused`) when deploy.yaml asks for more than is allowed."""
    path, name = manifest.deploy.path, manifest.project.name
    if path is not None and path != entry.path:
        raise _refused(f"deploy.yaml says deploy.path: {path}, but only {entry.path} is allowed")
    if name is not None and name != entry.project:
        raise _refused(f"deploy.yaml is of the project {name}, not of {entry.project}")
    if manifest.project.target is Target.CPANEL and not entry.is_account:
        words = shlex.join([*entry.words, "--environment", entry.environment])
        raise _refused(
            f"deploy.yaml says target: cpanel, but {entry.key} goes to {entry.path} on this server. "
            f"Say which directory the web server serves: deployr-runner allow remove {words}, then "
            "allow add it with --docroot (and --host where the account is reached by SSH)"
        )
    if manifest.project.target is Target.VPS and entry.is_account:
        raise _refused(
            f"{entry.key} goes to a hosting account ({entry.place}): set project.target: cpanel in "
            "deploy.yaml"
        )


def check_restarts(manifest: Manifest, allowed: Sequence[str] | None) -> None:
    """Raise JobFailedError (`policy_refused`) for a systemd unit that is not `allowed`.

    None lets all pass: a runner that is not root can restart only what sudo lets it.
    """
    if allowed is None:
        return
    units = [each.systemd for each in manifest.deploy.restart if each.systemd]
    wanted = [unit for unit in dict.fromkeys(units) if unit not in allowed]
    if wanted:
        line = f"restart = {json.dumps([*allowed, *wanted])}"
        raise _refused(
            f"deploy.yaml restarts {', '.join(wanted)}, but this runner is root and restarts only "
            "what its owner lists. To allow it, put above the first [[allow]] of runner.toml on "
            f"the server: {line}"
        )


def build_account(config: RunnerConfig, entry: Allow) -> Account | None:
    """Return who builds, if it is another user. Raises JobFailedError when that can't be."""
    name = name_for(config, entry)
    if name is None:
        return None
    try:
        account = find(name)
    except ConfigError as error:
        raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from None
    if problem := switch_problem(account):
        raise JobFailedError(Reason.PREFLIGHT_FAILED, problem)
    return account


def _entry_of(spec: JobSpec, allow: tuple[Allow, ...]) -> Allow:
    place = (spec.project, spec.environment)
    named = [entry for entry in allow if (entry.project, entry.environment) == place]
    for entry in named:
        if entry.project_id in {None, spec.project_id}:
            return entry
    if named and spec.project_id is None:
        keys = ", ".join(entry.key for entry in named)
        raise _refused(
            f"this server takes only {keys}, and the job does not tell the id of its project: "
            "update the command line that made it"
        )
    which = repr(spec.project) if not named else f"{spec.project!r} of the id {spec.project_id}"
    raise _refused(
        f"this server does not take {which} in environment {spec.environment!r}. To allow it, "
        f"run on the server: {_add_command(spec, _PLACE, spec.project_id)}{_ACCOUNT}"
    )


def _namesake_hint(spec: JobSpec, entry: Allow) -> str:
    if spec.project_id is None or entry.project_id is not None:
        return ""
    return (
        ". If it is another project of the same name, give each of the two entries its own "
        f"--project-id instead (this job's is {spec.project_id})"
    )


def _add_command(spec: JobSpec, place: Sequence[str], project_id: int | None) -> str:
    """Return the command that would allow `spec`, or a hint when its fields are no valid ones.

    The owner may copy it into a root shell, so everything in it is checked and quoted.
    """
    problems = (
        name_problem(spec.project),
        name_problem(spec.environment),
        url_problem(spec.repo),
        branch_problem(spec.branch),
    )
    if any(problems):
        return "deployr-runner allow add --help"
    words = ["--project", spec.project, "--repo", spec.repo, "--branch", spec.branch]
    words += [] if project_id is None else ["--project-id", str(project_id)]
    words += [*place, "--environment", spec.environment]
    return "deployr-runner allow add " + shlex.join(words)


def _remove_command(entry: Allow) -> str:
    words = ["--project", entry.key, "--environment", entry.environment]
    return "deployr-runner allow remove " + shlex.join(words)


def _refused(detail: str) -> JobFailedError:
    return JobFailedError(Reason.POLICY_REFUSED, detail)
