"""Hashed files of earlier releases on a host, linked into a newer one there."""

import shlex
from collections.abc import Sequence

from ..hosts.host import Files, Host, HostError
from ..transfer.manifest import Manifest

# A line beginning with > names the release that the files of the next lines come from.
_SCRIPT = """cd -- "$releases" || exit 1
count=0; from=
while IFS= read -r name; do
case $name in '>'*) from=${name#>}; continue ;; esac
if [ -e "$new/$name" ] || [ -L "$from/$name" ] || [ ! -f "$from/$name" ]; then continue; fi
mkdir -p -- "$new/${name%/*}" || exit 1
ln -- "$from/$name" "$new/$name" 2>/dev/null || cp -p -- "$from/$name" "$new/$name" || exit 1
count=$((count + 1))
done
echo "$count"
"""


def keep_assets_on(
    host: Host, files: Files, root: str, release: str, static: str, earlier: Sequence[str]
) -> int:
    """Put the own files below `static` of `earlier` releases into one that lacks them.

    Which those are, the list says that was written when a release was sent. Returns how many they
    were; none without a shell. Raises HostError.
    """
    lines = [line for name in earlier for line in _own(files, root, name, static)]
    if not lines or host.probe.shell == "none":
        return 0
    head = f"releases={shlex.quote(f'{root}/releases')}; new={shlex.quote(release)}\n"
    text = "\n".join([*lines, ""]).encode(errors="surrogateescape")
    return int(host.ask(head + _SCRIPT, stdin=[text]))


def _own(files: Files, root: str, release: str, static: str) -> list[str]:
    try:
        text = files.read(f"{root}/.deployr/manifests/{release}")
        entries = Manifest.parse(text).entries if text else {}
    except (HostError, ValueError):
        return []
    names = [
        path
        for path, entry in entries.items()
        if entry.kind == "file" and path.startswith(f"{static}/") and "\n" not in path
    ]
    return [f">{release}", *names] if names else []
