"""Source code on the server: a kept bare mirror of each repository, and trees taken from it."""

import hashlib
import re
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployr.repo import is_full_commit
from deployr.states import Reason

from . import environment
from .errors import JobFailedError
from .files import make_private_dir
from .locks import held
from .shell import Command, CommandFailedError, Shell, Sink

_NO_SUCH_REF = 2  # exit code of `git ls-remote --exit-code`
_SUBMODULE = "160000"
_PLAIN_FILE = "100"

_registry = threading.Lock()
_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def mirror_directory(repos: Path, repo: str) -> Path:
    """Return where the mirror of a repository is kept, or would be."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", repo).strip("-")[-40:]
    return repos / f"{name}-{hashlib.sha256(repo.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """One branch of one repository, as seen through the mirror below `repos`."""

    repo: str
    branch: str
    repos: Path
    shell: Shell
    builder: Shell | None = None
    """The shell of who builds what is extracted, if it is not the runner's own user."""
    output: Sink

    @property
    def directory(self) -> Path:
        """The bare repository."""
        return mirror_directory(self.repos, self.repo)

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other jobs of this runner away from the mirror; several may come from it.

        Raises JobFailedError when a stop is asked for meanwhile.
        """
        with _registry:
            lock = _locks[self.directory]
        with held(lock, self.shell):
            yield

    def fetch(self) -> None:
        """Bring the branch up to date. Raises JobFailedError when the repository can't be read."""
        try:
            self._fetch_once()
        except CommandFailedError:
            self.check_remote()
            self.renew()

    def renew(self) -> None:
        """Throw a broken mirror away and make it anew."""
        self.output(b"the kept mirror is broken: cloning anew\n")
        shutil.rmtree(self.directory, ignore_errors=True)
        try:
            self._fetch_once()
        except CommandFailedError as error:
            raise _unreadable(f"{self.repo} can't be fetched: {error}") from None

    def resolve(self, commit: str) -> str:
        """Return the whole hash of `commit` (a hash, its beginning, or nothing for the tip).

        Raises JobFailedError (`policy_refused`) when it does not stand on the branch.
        """
        try:
            found = self._whole_hash(commit)
            self._read("merge-base", "--is-ancestor", found, self._ref)
        except CommandFailedError:
            raise JobFailedError(
                Reason.POLICY_REFUSED,
                f"the commit {commit} is not on the branch {self.branch} of {self.repo}; "
                "was it pushed?",
            ) from None
        return found

    def _whole_hash(self, commit: str) -> str:
        if is_full_commit(commit):
            return commit
        if not commit:
            return self._read("rev-parse", "--verify", f"{self._ref}^{{commit}}").decode().strip()
        # --disambiguate can't mistake the beginning of a hash for a branch of that name.
        names = self._read("rev-parse", f"--disambiguate={commit}").decode().split()
        kinds = [self._read("cat-file", "-t", name).strip() for name in names]
        commits = [name for name, kind in zip(names, kinds, strict=True) if kind == b"commit"]
        if len(commits) != 1:
            raise JobFailedError(
                Reason.PREFLIGHT_FAILED,
                f"{commit!r} is the beginning of {len(commits)} commits; give the whole hash",
            )
        return commits[0]

    def files(self, commit: str) -> dict[str, str]:
        """Return path → mode of everything in `commit`."""
        listing = self._read("ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape")
        rows = [row.partition("\t") for row in listing.split("\0") if row]
        return {path: facts.split(" ")[0] for facts, _, path in rows}

    def text_of(self, commit: str, path: str) -> str:
        """Return the text of a file in `commit`; what is no UTF-8 becomes question marks."""
        return self._read("cat-file", "blob", f"{commit}:{path}").decode("utf-8", "replace")

    def uses_lfs(self, commit: str) -> bool:
        """Tell whether some files of `commit` are kept in Git LFS."""
        try:
            self._read("grep", "-q", "filter=lfs", commit, "--", ":(glob)**/.gitattributes")
        except CommandFailedError:
            return False
        return True

    def extract(self, commit: str, tree: Path) -> None:
        """Write the files of `commit` into the new directory `tree`."""
        archive = tree.with_name(f"{tree.name}.tar")
        # A build user and the runner are of one group, and both write in the tree.
        builder = self.builder or self.shell
        mask = "0002" if builder.account else "0022"
        write = ("-c", f"tar.umask={mask}", "archive", f"--output={archive}", commit)
        try:
            self._read(*write)
        except CommandFailedError:
            self.renew()
            self._read(*write)
        tree.mkdir()
        if builder.account:
            builder.account.share(tree)
        unpack = ("tar", "-xf", str(archive), "-C", str(tree), "--no-same-owner")
        builder.run(Command(argv=unpack, cwd=tree, env=environment.base()), self.output)
        archive.unlink()

    def _fetch_once(self) -> None:
        make_private_dir(self.repos)
        if not (self.directory / "HEAD").is_file():
            init = ("init", "--bare", "--quiet", "--template=", "--", str(self.directory))
            self.shell.run(self._git(*init), self.output)
        # The exact commit is wanted: without this an archive leaves files out and rewrites others.
        attributes = self.directory / "info" / "attributes"
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text("* -export-ignore -export-subst\n", encoding="ascii")
        refspec = f"+{self._ref}:{self._ref}"
        self.shell.run(
            self._git_here(
                "fetch", "--quiet", "--no-tags", "--prune", "--force", "--", self.repo, refspec
            ),
            self.output,
        )

    def check_remote(self) -> None:
        """Raise JobFailedError when the fault is the repository's and not the mirror's."""
        try:
            self.shell.read(self._git("ls-remote", "--exit-code", "--", self.repo, self._ref))
        except CommandFailedError as error:
            if error.exit_code == _NO_SUCH_REF:
                message = f"{self.repo} has no branch {self.branch}"
                raise _unreadable(message) from None
            said = error.output.strip() or str(error)
            raise _unreadable(f"{self.repo} can't be read by this server: {said}") from None

    def _read(self, *arguments: str) -> bytes:
        return self.shell.read(self._git_here(*arguments))

    def _git_here(self, *arguments: str) -> Command:
        return self._git(f"--git-dir={self.directory}", *arguments)

    def _git(self, *arguments: str) -> Command:
        local = "always" if self.repo.startswith("file://") else "never"
        settings = (
            "protocol.ext.allow=never",
            f"protocol.file.allow={local}",
            "transfer.credentialsInUrl=die",
            "core.hooksPath=/dev/null",
            # Housekeeping in the background would outlive the job.
            "gc.autoDetach=false",
            "maintenance.autoDetach=false",
        )
        flags = [word for setting in settings for word in ("-c", setting)]
        return Command(argv=("git", *flags, *arguments), cwd=self.repos, env=environment.for_git())


def check_supported(files: dict[str, str], manifest_name: str) -> None:
    """Raise JobFailedError for what an archive of a commit does not carry."""
    submodules = sorted(path for path, mode in files.items() if mode == _SUBMODULE)
    if submodules:
        raise JobFailedError(
            Reason.PREFLIGHT_FAILED,
            f"git submodules are not supported ({', '.join(submodules[:5])}); "
            "commit their files, or fetch them in build.commands",
        )
    if not files.get(manifest_name, _PLAIN_FILE).startswith(_PLAIN_FILE):
        raise JobFailedError(Reason.PREFLIGHT_FAILED, f"{manifest_name} must be a plain file")


def _unreadable(detail: str) -> JobFailedError:
    return JobFailedError(Reason.PREFLIGHT_FAILED, detail)
