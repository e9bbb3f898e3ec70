"""A hosting account: reached by SSH, or the one that the runner itself lives in."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from deployr.manifest import Manifest
from deployr.states import Framework, Reason

from ..allowlist import Allow
from ..envfile import values_of
from ..errors import JobFailedError
from ..hosts.host import Host, HostError, Kind
from ..hosts.steady import Again, SteadyFiles
from ..preflight import Finding, problem, problems_of
from ..preflight import account as needs
from ..recipes import App, Recipe
from ..shell import Shell
from ..transfer.report import Reported
from .host_assets import keep_assets_on
from .host_commands import HostCommander
from .host_fetch import fetch_from
from .host_links import link_on
from .host_lock import Claimant, HostLock
from .host_root import HostRoot
from .served import Served
from .shared_files import secrets_of
from .target import Commander, Conduct

_PHP_NOTE = "php"


class CpanelTarget(HostRoot):
    """A deploy root in a hosting account, and the document root that its web server serves."""

    def __init__(
        self,
        host: Host,
        entry: Allow,
        *,
        claimant: Claimant,
        work: Path,
        conduct: Conduct,
    ) -> None:
        """What is fetched from the host goes to `work`, a directory of this job."""
        self.root = Path(entry.path)
        self._host = host
        self._entry = entry
        self._work = work
        self._conduct = conduct
        self._again = Again(conduct.say)
        super().__init__(SteadyFiles(lambda: host.files, self._again), entry.path)
        self._lock = HostLock(self._files, self.path(".deployr", "held"), claimant)
        self._served = Served(host, entry, self._again, conduct.say)
        self._php: str | None = None
        self._before: str | None = None

    @property
    def is_here(self) -> bool:
        """See Target."""
        return False

    def exists(self) -> bool:
        """See Target."""
        return bool(self.seen.releases or self.seen.record)

    def close(self) -> None:
        """See Target."""
        self._host.close()

    def commander(self, shell: Shell) -> Commander:
        """See Target."""
        return HostCommander(self._host, self.path(".deployr", "bin"), shell.stop)

    def secrets(self) -> dict[str, str]:
        """See Target."""
        envs = self.seen.envs
        return secrets_of(
            (name, values_of(text.decode(errors="surrogateescape"))) for name, text in envs.items()
        )

    def serve(self, public: str | None) -> None:
        """See Target."""
        self._served.choose(public)

    def findings(self, entry: Allow) -> list[Finding]:  # noqa: ARG002 - it is ours
        """See Target."""
        try:
            found = list(needs.place_findings(self._host.name, self._host.probe))
            if problems_of(found):  # what is known may be of yesterday
                found = list(needs.place_findings(self._host.name, self._host.look()))
            if not self.seen.live and self._kind_of_current() not in {"none", "link"}:
                found.append(problem(f"{self.root}/current is no link: move it away"))
            return [*found, *self._served.findings()]
        except HostError as error:
            return [problem(str(error))]

    def lacks(self, app: App, recipe: Recipe, manifest: Manifest) -> list[Finding]:
        """See Target."""
        if problems_of(found := self._lacks(app, recipe, manifest)):
            self._host.look()  # what is known may be of yesterday
            found = self._lacks(app, recipe, manifest)
        return found

    def _lacks(self, app: App, recipe: Recipe, manifest: Manifest) -> list[Finding]:
        name, probe = self._host.name, self._host.probe
        found = list(needs.app_findings(name, probe, app, recipe, manifest))
        if recipe.framework is Framework.LARAVEL and probe.shell != "none":
            choice, served_by = needs.PhpChoice(name, probe, app.tree), self._served.php()
            found += choice.findings(served_by)
            self._php = choice.path(served_by)
        return found

    def clear_leftovers(self, files: Sequence[str]) -> None:
        """See Target. There are none: files are replaced in one go, and sending clears its own."""

    def lock(self) -> bool:
        """See Target. Looks anew then: another deployment may have ended since."""
        if not self._lock.take():
            return False
        self.look()
        if self._php and self.read_note(_PHP_NOTE) != self._php:
            self._link_php(self._php)
        return True

    def _link_php(self, php: str) -> None:
        self.write_note(_PHP_NOTE, None)  # a death in between must not leave another link's
        self._files.make_dirs(self.path(".deployr", "bin"))
        self._files.link(php, self.path(".deployr", "bin", "php"))
        self.write_note(_PHP_NOTE, php)

    @property
    def is_locked(self) -> bool:
        """See Target."""
        return self._lock.is_held

    def unlock(self) -> None:
        """See Target. A lock that can't be given back is taken over when its owner is silent."""
        try:
            self._lock.release()
        except HostError as error:
            self._conduct.say(f"warning: the lock could not be given back: {error}")

    def shared_path(self, name: str) -> Path:
        """See Target."""
        return self.root / "shared" / name

    def shared_text(self, name: str) -> str | None:
        """See Target."""
        data = self.seen.envs.get(name) or self._files.read(str(self.shared_path(name)))
        return None if data is None else data.decode(errors="surrogateescape")

    def release_path(self, release: str) -> Path:
        """See Target."""
        return self.root / "releases" / release

    def receive(self, tree: Path, release: str) -> Path:
        """See Target. Sends what is not in the live release; the tree stays where it is."""
        if problems := problems_of(self._served.ready(tree)):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))
        present = self.seen.releases
        live = self.live_release() or max(present, default=None)
        previous = str(self.release_path(live)) if live in present else None
        said = Reported(self._conduct.say, self._conduct.stop)

        def send() -> None:
            if said.is_begun:
                self.discard(release)
            goal, verify = str(self.release_path(release)), self._conduct.verify
            self._host.sender.send(tree, goal, previous, said, verify=verify)

        self._again(send)
        said.end()
        self.added(release)
        return tree

    def look_into(self, release: str, names: Sequence[str]) -> Path:
        """See Target."""
        goal, place = self._work / f"seen-{release}", str(self.release_path(release))
        self._again(lambda: fetch_from(self._host, place, names, goal))
        return goal

    def keep_assets(self, release: str, static: str, earlier: Sequence[str]) -> int:
        """See Target."""
        return self._again(
            lambda: keep_assets_on(
                self._host, self._files, self._entry.path, release, static, earlier
            )
        )

    def link(self, release: str, dirs: Sequence[str], files: Sequence[str]) -> None:
        """See Target."""
        self._again(lambda: link_on(self._host, self._entry.path, release, dirs, files))

    def live(self) -> str | None:
        """See Target."""
        return self.seen.live

    def activate(self, live: str) -> None:
        """See Target. In one step where the document root is a link to `current`, or cPanel's."""
        self._lock.assure()
        release, self._before = PurePosixPath(live).name, self.live_release()
        self._served.make_way(release)
        super().activate(live)
        self._served.publish(release)

    def take_back(self) -> bool:
        """See Target."""
        if not self._served.take_back():
            return False
        self._files.remove(self.path("current"))
        self.look()
        return True

    def forget_code(self, url: str) -> str | None:
        """See Target."""
        known = {self.live_release(), self._before} & set(self.present())
        return self._served.forget_code(url, sorted(name for name in known if name))

    def live_path(self) -> Path:
        """See Target."""
        return self.root / (self.live() or "current")

    def live_name(self, release: str) -> str:
        """See Target."""
        return f"releases/{release}"

    def _kind_of_current(self) -> Kind:
        return self._files.kind(self.path("current"))
