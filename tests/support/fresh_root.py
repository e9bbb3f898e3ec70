"""A machine as good as new: a root directory of its own, with the programs of this one.

Processes live in namespaces of their own and end with the script that is run there.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_ETC = (
    "alternatives", "default", "hosts", "ld.so.cache", "localtime", "login.defs", "nsswitch.conf",
    "os-release", "pam.conf", "pam.d", "pip.conf", "resolv.conf", "security", "ssl", "sudo.conf",
    "sudoers",
)  # fmt: skip
_USERS = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\n"
    "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\ncrontab:x:101:\nada:x:1000:\nnogroup:x:65534:\n",
    "shadow": "root:*:19000:0:99999:7:::\nada:*:19000:0:99999:7:::\n",
    "gshadow": "",
}
_ENTER = """
set -eu
root=$1; shift
mount --make-rprivate /
mount --rbind --make-private /usr "${root}/usr"
mount --make-private -o remount,bind,ro "${root}/usr"
mount --bind "${root}/local" "${root}/usr/local"
mount --rbind /dev "${root}/dev"
mount -t proc proc "${root}/proc"
exec chroot "${root}" "$@"
"""


class FreshRoot:
    """Made in an empty directory; needs root."""

    def __init__(self, folder: Path) -> None:
        """Put a minimal system there, with the user ada."""
        self.path = folder
        for name in ("dev", "etc/cron.d", "etc/sudoers.d", "etc/systemd/system", "home/ada",
                     "local/bin", "opt", "proc", "root", "run", "srv", "tmp", "usr", "var/lib",
                     "var/spool/cron/crontabs"):  # fmt: skip
            (folder / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (folder / name).symlink_to(f"usr/{name}")
        for name in _ETC:
            self._copy(Path("/etc", name))
        for name, text in _USERS.items():
            (folder / "etc" / name).write_text(text)
        for name in ("shadow", "gshadow"):
            (folder / "etc" / name).chmod(0o600)
        (folder / "tmp").chmod(0o1777)
        (folder / "var/spool/cron/crontabs").chmod(0o1777)
        os.chown(folder / "home/ada", 1000, 1000)
        folder.chmod(0o755)

    def _copy(self, source: Path) -> None:
        goal = self.path / "etc" / source.name
        if source.is_dir():
            shutil.copytree(source, goal, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, goal)
            shutil.copymode(source, goal)

    def run(
        self, script: str, *arguments: str, user: str = "root", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a bash script there; when it ends, all that it started is killed."""
        home = "/root" if user == "root" else f"/home/{user}"
        network = {name: value for name, value in os.environ.items() if "CERT" in name}
        become = [] if user == "root" else ["runuser", "--user", user, "--"]
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", _ENTER, "sh",
             str(self.path), *become, "/bin/bash", "-euc", script, "bash", *arguments],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=network | {"HOME": home, "PATH": PATH} | dict(env or {}), text=True, check=False,
        )  # fmt: skip

    def files(self) -> set[str]:
        """Return all paths there but those of /tmp, and of what the machine lends."""
        return {
            str(path.relative_to(self.path))
            for path in self.path.rglob("*")
            if path.relative_to(self.path).parts[0] not in {"tmp", "usr", "dev", "proc"}
        }
