"""From the repository to a checkout that may be built."""

from dataclasses import dataclass

from deployr.detect import detect_framework
from deployr.manifest import FILE_NAME, Manifest, ManifestError
from deployr.states import Reason

from ..context import Context
from ..errors import JobFailedError
from ..policy import check_manifest, check_restarts
from ..recipes import RECIPES
from ..tools import missing_tools
from ..workspace import check_supported


@dataclass(frozen=True)
class Fetch:
    """Bring the mirror up to date and find the commit on its branch."""

    name: str = "fetch"

    def plan(self, ctx: Context) -> list[str]:
        return [f"fetch {ctx.task.entry.repo} into {ctx.mirror.directory}"]

    def run(self, ctx: Context) -> None:
        if problems := missing_tools(("git", "tar")):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))
        with ctx.mirror.held():
            ctx.mirror.fetch()
            ctx.commit = ctx.mirror.resolve(ctx.task.spec.commit)
        ctx.log.line(f"{ctx.task.entry.repo} {ctx.task.spec.branch} is at {ctx.commit}")

    def undo(self, ctx: Context) -> None:
        """The mirror is kept: it is no part of the deployment."""


@dataclass(frozen=True)
class Checkout:
    """Write the commit's files and read its deploy.yaml."""

    name: str = "checkout"

    def plan(self, ctx: Context) -> list[str]:
        return [f"write the files of {ctx.commit} to {ctx.tree}"]

    def run(self, ctx: Context) -> None:
        with ctx.mirror.held():
            files = self._write_tree(ctx)
        framework = ctx.manifest.project.framework or detect_framework(ctx.tree)
        ctx.recipe = RECIPES[framework]
        ctx.log.line(f"{files} files; recipe: {framework}")

    def undo(self, ctx: Context) -> None:
        """The work directory is removed in any case."""

    @staticmethod
    def _write_tree(ctx: Context) -> int:
        """Write the files, read deploy.yaml, and return how many files there are."""
        files = ctx.mirror.files(ctx.commit)
        check_supported(files, FILE_NAME)
        has_attributes = any(name.endswith(".gitattributes") for name in files)
        if has_attributes and ctx.mirror.uses_lfs(ctx.commit):
            raise JobFailedError(
                Reason.PREFLIGHT_FAILED,
                "files in Git LFS are not supported; commit them as they are, "
                "or fetch them in build.commands",
            )
        manifest = _manifest(ctx) if FILE_NAME in files else Manifest()
        check_manifest(manifest, ctx.task.entry)
        check_restarts(manifest, ctx.task.may_restart)
        # Only now: hooks of a refused file must not run.
        ctx.manifest = manifest
        ctx.lifeline.limit(ctx.manifest.deploy.timeout, ctx.started)
        ctx.mirror.extract(ctx.commit, ctx.tree)
        return len(files)


def _manifest(ctx: Context) -> Manifest:
    try:
        return Manifest.parse(ctx.mirror.text_of(ctx.commit, FILE_NAME))
    except ManifestError as error:
        raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from None
