"""The files of a host, on this disk."""

import shutil
from pathlib import Path

from runner.hosts.host import HostError, Snapshot


class DiskFiles:
    """Counts how often it was asked, as each call costs a round trip."""

    def __init__(self):
        self.calls = 0

    def snapshot(self, root, shared):
        self.calls += 1
        top, meta = Path(root), Path(root, ".deployr")
        record, current = meta / "releases.jsonl", top / "current"
        found = [name for name in shared if (top / "shared" / name).is_file()]
        return Snapshot(
            live=str(current.readlink()) if current.is_symlink() else None,
            releases=tuple(sorted(each.name for each in top.glob("releases/*"))),
            record=record.read_text() if record.exists() else "",
            shared=frozenset(found),
            envs={each.name: each.read_bytes() for each in top.glob("shared/.env*")},
            notes={each.name: each.read_bytes() for each in meta.glob("*") if each != record},
        )

    def read(self, path):
        self.calls += 1
        return Path(path).read_bytes() if Path(path).exists() else None

    def write(self, path, data, mode=0o600):
        self.calls += 1
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(f"{path}.new")
        fresh.write_bytes(data)
        fresh.chmod(mode)
        fresh.replace(path)

    def append(self, path, data):
        self.calls += 1
        with Path(path).open("ab") as file:
            file.write(data)

    def link(self, goal, path):
        self.calls += 1
        fresh = Path(f"{path}.new")
        fresh.symlink_to(goal)
        fresh.replace(path)

    def rename(self, old, new):
        self.calls += 1
        try:
            Path(old).rename(new)
        except OSError as error:
            raise HostError(str(error.strerror), new) from None

    def remove(self, *paths):
        self.calls += 1
        for path in map(Path, paths):
            is_tree = path.is_dir() and not path.is_symlink()
            shutil.rmtree(path) if is_tree else path.unlink(missing_ok=True)

    def make_dirs(self, *paths):
        self.calls += 1
        for path in paths:
            Path(path).mkdir(parents=True, exist_ok=True)

    def kind(self, path):
        self.calls += 1
        place = Path(path)
        if place.is_symlink():
            return "link"
        return "dir" if place.is_dir() else "file" if place.exists() else "none"
