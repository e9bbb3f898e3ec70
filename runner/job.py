"""One job from its claim to its end."""

import logging
import os
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from deployr import __version__
from deployr.sections import DEFAULT_TIMEOUT_SECONDS
from deployr.states import Action, JobStatus, Reason
from deployr.wire import JobSpec, Release, Report, WireError, decode_base64

from . import deploy, releases
from .caches import Store
from .config import Places, load, load_token
from .context import Context, Task
from .envfile import environment_of, read_env_file, values_of
from .errors import ConfigError, JobFailedError
from .hosts.book import host_passwords
from .hosts.host import HostError
from .journal import Journal
from .lifeline import Lifeline
from .logstream import JobLog, clean
from .policy import allowed_entry, build_account
from .redact import MIN_LENGTH, Redactor
from .reporter import Reporter
from .shell import Shell
from .stop import StopFlag
from .targets import Conduct, Target
from .targets.opened import open_target
from .workspace import Mirror

MAX_DETAIL_CHARS = 4096
"""What the backend keeps of a detail; a post that is too large would never get through."""

MAX_TOLD = 100
"""Releases that are named to the backend."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended."""

    status: JobStatus
    report: Report
    reason: Reason | None = None
    exit_code: int | None = None

    def end(self) -> dict[str, Any]:
        """Return the body that tells the backend."""
        body: dict[str, Any] = {"status": self.status, "data": self.report.to_data()}
        if self.reason is not None:
            body["reason"] = self.reason
        if self.exit_code is not None:
            body["exit_code"] = self.exit_code
        return body


class Job:
    """Decides whether the job may run, runs it, and sums up; never raises for the job's faults."""

    def __init__(
        self, journal: Journal, reporter: Reporter, places: Places, stop: StopFlag
    ) -> None:
        """Processes of the job carry the claim id in their environment, as its mark."""
        self._journal = journal
        self._job_id, self._mark = journal.job_id, journal.claim_id
        self._places = places
        self._stop = stop
        self._redactor = Redactor()
        self._started = time.monotonic()
        self._context: Context | None = None
        self._target: Target | None = None
        self.log = JobLog(self._redactor, journal.spool.append)
        self._lifeline = Lifeline(journal, reporter, self.log, stop)

    def run(self, payload: str | None) -> Outcome:
        """Do what the payload says, if the owner allows it."""
        self._stop.limit(DEFAULT_TIMEOUT_SECONDS, self._started)
        try:
            return self._ended(payload)
        finally:
            if self._target:
                self._target.close()

    def _ended(self, payload: str | None) -> Outcome:
        try:
            ctx = self._run(payload)
        except JobFailedError as error:
            return self._failed(error)
        except HostError as error:
            return self._failed(JobFailedError(Reason.PREFLIGHT_FAILED, str(error)))
        except Exception as error:  # noqa: BLE001 - a bug: the job must still end, the runner go on
            _logger.error("job %s: %s", self._job_id, self._masked(traceback.format_exc()))  # noqa: TRY400 - the text is masked
            return self._failed(JobFailedError(Reason.INTERNAL, f"{type(error).__name__}: {error}"))
        return self._completed(ctx)

    def _run(self, payload: str | None) -> Context:
        if problem := self._journal.problem:
            raise JobFailedError(Reason.INTERNAL, problem)
        spec = _spec(payload)
        action = "dry run" if spec.action is Action.PLAN else spec.action
        self.log.line(
            f"Deployr runner {__version__}: job {self._job_id}, {action} of {spec.project} "
            f"({spec.environment}), branch {spec.branch}"
        )
        task = self._task(spec)
        verify = spec.params.get("verify") == "yes"
        conduct = Conduct(verify=verify, say=self.log.line, stop=self._stop)
        self._target = target = open_target(
            self._places, task.entry, task.account, self._journal, conduct
        )
        self._learn_secrets(task, target)
        with StopFlag() as undo_stop:
            self._context = self._prepare(task, target, undo_stop)
            deploy.run(self._context)
        return self._context

    def _task(self, spec: JobSpec) -> Task:
        """Ask the owner's list as it is now. Raises JobFailedError."""
        try:
            config = load(self._places)
        except ConfigError as error:
            raise JobFailedError(Reason.POLICY_REFUSED, str(error)) from None
        entry = allowed_entry(spec, config.allow)
        env_file = self._places.env_file(entry.key, entry.environment)
        return Task(
            job_id=self._job_id,
            spec=spec,
            entry=entry,
            env_file=env_file,
            env_text=read_env_file(env_file),
            cache_mib=config.cache_mib,
            account=build_account(config, entry),
            may_restart=config.restart if os.geteuid() == 0 else None,
        )

    def _learn_secrets(self, task: Task, target: Target) -> None:
        # One after the other: the same name may have another value elsewhere.
        short = {
            *self._redactor.learn(target.secrets()),
            *self._redactor.learn(values_of(task.env_text or "")),
            *self._redactor.learn(environment_of(task.env_text or "")),
        }
        with suppress(ConfigError):
            self._redactor.learn({"RUNNER_TOKEN": load_token(self._places)})
            self._redactor.learn(host_passwords(self._places))
        if short:
            names = ", ".join(sorted(short))
            self.log.line(f"warning: shorter than {MIN_LENGTH} characters, not masked: {names}")

    def _prepare(self, task: Task, target: Target, undo_stop: StopFlag) -> Context:
        shell = Shell(self._stop, self._mark, task.account)
        return Context(
            task=task,
            work=self._places.work / str(self._job_id),
            started=self._started,
            log=self.log,
            lifeline=self._lifeline,
            stop=self._stop,
            shell=shell,
            undo_stop=undo_stop,
            undo_shell=Shell(undo_stop, self._mark, task.account),
            target=target,
            caches=Store(
                root=self._places.caches,
                limit=task.cache_mib * 1024 * 1024,
                shell=shell,
                say=self.log.line,
            ),
            mirror=Mirror(
                repo=task.entry.repo,
                branch=task.spec.branch,
                repos=self._places.repos,
                shell=shell.own,
                builder=shell,
                output=self.log.output,
            ),
        )

    def _completed(self, ctx: Context) -> Outcome:
        if ctx.task.spec.action is Action.PLAN:
            self.log.line(f"completed: {ctx.commit} could be deployed; nothing was changed")
        else:
            self.log.line(f"completed: {ctx.commit} is live in {ctx.task.root} as {ctx.release}")
        return Outcome(status=JobStatus.COMPLETED, report=self._report(None))

    def _failed(self, error: JobFailedError) -> Outcome:
        detail = self._masked(error.detail)
        self.log.line(f"failed: {error.reason}: {detail}")
        return Outcome(
            status=JobStatus.FAILED,
            report=self._report(detail[:MAX_DETAIL_CHARS]),
            reason=error.reason,
            exit_code=error.exit_code,
        )

    def _report(self, detail: str | None) -> Report:
        ctx = self._context
        if ctx is None:
            return Report(detail=detail)
        check = ctx.manifest.deploy.health_check
        return Report(
            detail=detail,
            path=self._masked(ctx.task.entry.path),
            url=self._masked(check.url) if check else None,
            commit=ctx.commit or None,
            release=_release(ctx),
            releases=_standing(ctx),
            steps=tuple(ctx.timings),
        )

    def _masked(self, text: str) -> str:
        """Return `text` as it may leave the server and stand in the runner's own log."""
        return self._redactor.text(clean(text))


def _release(ctx: Context) -> Release | None:
    # One that never went live was removed again.
    return ctx.made if ctx.was_live else None


def _standing(ctx: Context) -> tuple[Release, ...] | None:
    target = ctx.target
    try:
        found = releases.standing(target.present(), target.records(), target.live_release())
    except OSError:  # nothing was deployed there yet, or it can't be read
        return None
    return found[-MAX_TOLD:]


def _spec(payload: str | None) -> JobSpec:
    """Read what the backend handed over. Raises JobFailedError."""
    try:
        return JobSpec.from_bytes(decode_base64(payload or ""))
    except WireError as error:
        raise JobFailedError(Reason.INTERNAL, f"the job can't be read: {error}") from None
