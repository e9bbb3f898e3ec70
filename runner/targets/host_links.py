"""Links from a release on a host to what all releases share, as `links` makes them on this machine.

All belongs to the same account there, so nobody exchanges a name meanwhile.
"""

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from deployr.states import Reason

from ..errors import JobFailedError
from ..hosts.host import Host, HostError
from .links import outermost

_OUT = "leads out of the release by a link"

# `enter` goes to the directory that a name stands in, part by part. Files are copied and not moved:
# a release may have them in common with the one before, and what is shared is written to.
_FUNCTIONS = f"""set -e; set -f; umask 022
enter() {{
cd -- "$release"; cd -P .; top=$(pwd); old=$IFS; IFS=/; set -- $dir; IFS=$old; up=
for part; do
[ "$part" != . ] || continue
[ -e "./$part" ] || mkdir -- "./$part"
cd -P -- "./$part"
case "$(pwd)/" in "$top"/*) ;; *) echo "deploy.shared: $name {_OUT}" >&2; exit 1 ;; esac
done
rest=$(pwd); rest=${{rest#"$top"}}
while [ "$rest" ]; do up="../$up"; rest=${{rest%/*}}; done; }}
begin() {{ mkdir -p -- "$shared/$dir"; fresh="$shared/$dir/.$base.new"; rm -rf -- "$fresh"; }}
seed_dir() {{
[ ! -d "$shared/$name" ] || return 0
begin
if [ -d "./$base" ] && [ ! -L "./$base" ]; then cp -a -- "./$base" "$fresh"
else mkdir -- "$fresh"; fi
mv -- "$fresh" "$shared/$name"; }}
seed_file() {{
if [ -e "$shared/$name" ] || [ ! -f "./$base" ] || [ -L "./$base" ]; then return 0; fi
begin; cp -p -- "./$base" "$fresh"; mv -- "$fresh" "$shared/$name"; }}
put() {{ rm -rf -- "./$base"; ln -s -- "$up../../shared/$name" "./$base"; }}
"""


def link_on(host: Host, root: str, release: str, dirs: Sequence[str], files: Sequence[str]) -> None:
    """Do for a release of the deploy root `root` what `links.link_into` does, in one round trip.

    Without a shell it takes several. Raises JobFailedError when a directory on the way is a link
    that leads out of the release, and HostError.
    """
    outer = outermost(dirs)
    single = [
        name for name in files if not any(PurePosixPath(name).is_relative_to(d) for d in dirs)
    ]
    if host.probe.shell == "none":
        for name in outer:
            _link_by_files(host, root, release, name, is_dir=True)
        for name in single:
            _link_by_files(host, root, release, name, is_dir=False)
        return
    try:
        host.ask(_script(root, release, outer, single))
    except HostError as error:
        if _OUT in str(error):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from None
        raise


def _script(root: str, release: str, dirs: Sequence[str], files: Sequence[str]) -> str:
    places = {"release": f"{root}/releases/{release}", "shared": f"{root}/shared"}
    lines = [f"{_given(places)}\n"]
    for names, seed in ((dirs, "seed_dir"), (files, "seed_file")):
        for path in map(PurePosixPath, names):
            facts = {"name": str(path), "dir": str(path.parent), "base": path.name}
            lines.append(f"{_given(facts)}; enter; {seed}; put\n")
    return _FUNCTIONS + "".join(lines)


def _given(values: dict[str, str]) -> str:
    return "; ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def _link_by_files(host: Host, root: str, release: str, name: str, *, is_dir: bool) -> None:
    files, path = host.files, PurePosixPath(name)
    top, shared = f"{root}/releases/{release}", f"{root}/shared/{path}"
    for way in list(path.parents)[-2::-1]:
        if files.kind(f"{top}/{way}") == "link":
            raise JobFailedError(Reason.PREFLIGHT_FAILED, f"deploy.shared: {path} {_OUT}")
    own = files.kind(f"{top}/{path}")
    if files.kind(shared) == "none":
        if own == ("dir" if is_dir else "file"):
            files.make_dirs(str(PurePosixPath(shared).parent))
            files.rename(f"{top}/{path}", shared)
            own = "none"
        elif is_dir:
            files.make_dirs(shared)
    if own == "dir":
        files.remove(f"{top}/{path}")
    files.make_dirs(str(PurePosixPath(top, path.parent)))
    files.link("../" * (len(path.parts) + 1) + f"shared/{path}", f"{top}/{path}")
