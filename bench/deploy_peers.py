"""Whom `bench.deploy` compares us with: a shell script, here or over ssh, and Capistrano."""

import base64
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Protocol

from bench.deploy_apps import KEEP_RELEASES, VERSION_FILE, BenchApp
from bench.deploy_sshd import Sshd
from bench.figures import seconds_of
from tools.demo.system import DeployrSystem

Seconds = dict[str, float]
"""By name of the figure."""

# What a careful person would write by hand: kept mirror, archive, links, switch by rename, keep N.
SCRIPT = """
set -eu
[ -d "$ROOT/mirror" ] || git clone --quiet --mirror "$ORIGIN" "$ROOT/mirror"
git -C "$ROOT/mirror" fetch --quiet --prune
release=$ROOT/releases/$(date -u +%Y%m%d%H%M%S%N)
mkdir -p "$release"
git -C "$ROOT/mirror" archive "$COMMIT" | tar -x -C "$release"
for name in $SHARED_DIRS; do
    mkdir -p "$ROOT/shared/$name"
    rm -rf "${release:?}/$name"
    ln -s "$ROOT/shared/$name" "$release/$name"
done
for name in $SHARED_FILES; do
    ln -s "$ROOT/shared/$name" "$release/$name"
done
cd "$release"
{
:
@BEFORE@
ln -s "$release" "$ROOT/current.new"
mv -T "$ROOT/current.new" "$ROOT/current"
@AFTER@
} </dev/null >"$ROOT/log" 2>&1
ls -d "$ROOT"/releases/* | head -n "-$KEEP" | xargs -r rm -rf
"""

CAPFILE = """\
require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
"""

DEPLOY_RB = """\
require "json"
require "shellwords"
facts = JSON.parse(File.read("facts.json"))
lock "~> 3.17"
set :application, facts["app"]
set :repo_url, facts["origin"]
set :branch, "main"
set :deploy_to, facts["root"]
set :keep_releases, facts["keep"]
append :linked_dirs, *facts["shared_dirs"]
append :linked_files, *facts["shared_files"]
ssh = facts["ssh"]
server ssh["host"], user: ssh["user"], port: ssh["port"], roles: %w[app], ssh_options: {
  keys: [ssh["key"]], keys_only: true, auth_methods: %w[publickey], config: false,
  user_known_hosts_file: ssh["known_hosts"], verify_host_key: :always
}
[["before", :updated], ["after", :published]].each do |list, moment|
  after "deploy:#{moment}", "app:#{list}"
  task "app:#{list}" do
    on roles(:app) do
      within release_path do
        facts[list].each { |line| execute :sh, "-euc", line.shellescape }
      end
    end
  end
end
"""


class Contestant(Protocol):
    """One way to deploy an app below a directory of its own."""

    @property
    def root(self) -> Path:
        """Where `current` is."""

    def reset(self) -> None:
        """Forget all deployments and the repository, as on a new server."""

    def deploy(self, commit: str) -> Seconds:
        """Deploy the newest commit; return how long it took."""


class Script:
    """The shell script: its text on the standard input of a shell, here or on the server."""

    def __init__(self, name: str, app: BenchApp, system: DeployrSystem, shell: list[str]) -> None:
        """`shell` is the command line that reads the script."""
        self._name, self._app, self._system, self._shell = name, app, system, shell
        self.root = system.root / name.replace(" ", "-")

    def reset(self) -> None:
        """See Contestant."""
        new_root(self._app, self.root)

    def deploy(self, commit: str) -> Seconds:
        """See Contestant."""
        facts = {
            "ROOT": str(self.root),
            "ORIGIN": origin(self._app, self._system),
            "COMMIT": commit,
            "KEEP": str(KEEP_RELEASES),
            "SHARED_DIRS": " ".join(self._app.shared_dirs),
            "SHARED_FILES": " ".join(self._app.shared_files),
        }
        head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in facts.items())
        script = SCRIPT.replace("@BEFORE@", "\n".join(self._app.before))
        script = head + script.replace("@AFTER@", "\n".join(self._app.after))
        return {self._name: seconds_of(lambda: self._system.run(*self._shell, stdin=script))}


class Capistrano:
    """`cap production deploy` over ssh with the git plugin, from its start to its exit."""

    def __init__(self, app: BenchApp, system: DeployrSystem, sshd: Sshd) -> None:
        """Write its configuration."""
        self._app, self._system = app, system
        self.root = system.root / "capistrano"
        self._home = system.root / "capistrano-project"
        (self._home / "config" / "deploy").mkdir(parents=True)
        (self._home / "Capfile").write_text(CAPFILE)
        (self._home / "config" / "deploy.rb").write_text(DEPLOY_RB)
        (self._home / "config" / "deploy" / "production.rb").touch()
        facts = {
            "app": app.name,
            "origin": origin(app, system),
            "root": str(self.root),
            "keep": KEEP_RELEASES,
            "shared_dirs": app.shared_dirs,
            "shared_files": app.shared_files,
            "before": app.before,
            "after": app.after,
            "ssh": sshd.facts,
        }
        (self._home / "facts.json").write_text(json.dumps(facts))

    def reset(self) -> None:
        """See Contestant."""
        new_root(self._app, self.root)

    def deploy(self, commit: str) -> Seconds:
        """See Contestant."""
        del commit  # it asks for the newest one itself
        command = ("cap", "production", "deploy")
        return {"capistrano": seconds_of(lambda: self._system.run(*command, cwd=self._home))}


def check(contestant: Contestant, version: str) -> None:
    """Raise RuntimeError when another version is live than the one that was deployed."""
    live = (contestant.root / "current" / VERSION_FILE).read_text()
    if live != version:
        raise RuntimeError(f"{contestant.root}/current is at {live!r}, not at {version!r}")


def origin(app: BenchApp, system: DeployrSystem) -> str:
    """Return the address of the app's repository."""
    return (system.root / f"{app.name}.git").as_uri()


def new_root(app: BenchApp, root: Path) -> None:
    """Make an empty deploy root with the secrets that the app needs."""
    shutil.rmtree(root, ignore_errors=True)
    shared = root / "shared"
    shared.mkdir(parents=True)
    if secrets := write_secrets(app, root):
        (shared / ".env").write_text(secrets)


def write_secrets(app: BenchApp, place: Path) -> str:
    """Return the env file of an app that has one, whose new, empty database is in `place`."""
    if ".env" not in app.shared_files:
        return ""
    database = place / "database.sqlite"
    database.write_bytes(b"")
    key = base64.b64encode(os.urandom(32)).decode()
    return f"APP_KEY=base64:{key}\nDB_CONNECTION=sqlite\nDB_DATABASE={database}\n"
