"""What `bench.upload` sends: trees with files as in a `vendor` directory, the same in every run."""

import hashlib
import math
import os
import random
from pathlib import Path
from string import ascii_lowercase

MEGABYTE = 1024 * 1024
_FILES_A_DIRECTORY = 5
_PACKAGE = 100
"""Files that share a directory two levels up."""
_MEDIAN_BYTES = 3760
_SPREAD = 1.3
"""Of the sizes' logarithms: 20,000 files make about 175 MB."""
_MOST_BYTES = 2 * MEGABYTE
_LINES = 1000
"""Of each kind."""
_LINE_BYTES = 64


def write_tree(directory: Path, files: int) -> None:
    """Write files of many sizes, with lines like those of code."""
    random_ = random.Random(files)
    lines = _lines(random_)
    for number in range(files):
        package = f"package-{number // _PACKAGE}"
        part = f"part-{number // _FILES_A_DIRECTORY}"
        place = directory / "vendor" / package / "src" / part
        place.mkdir(parents=True, exist_ok=True)
        size = int(random_.lognormvariate(math.log(_MEDIAN_BYTES), _SPREAD))
        (place / f"Class{number}.php").write_bytes(_text(random_, lines, min(size, _MOST_BYTES)))


def write_file(directory: Path, megabytes: int) -> None:
    """Write one file that can't be packed."""
    random_ = random.Random(megabytes)
    directory.mkdir()
    with (directory / "archive.bin").open("wb") as file:
        for _ in range(megabytes):
            file.write(random_.randbytes(MEGABYTE))


def change(directory: Path, files: int, number: int) -> None:
    """Write new content to some files; `number` is that of the change."""
    random_ = random.Random(number)
    lines = _lines(random_)
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    for path in random_.sample(paths, files):
        path.write_bytes(_text(random_, lines, path.stat().st_size))


def digest(directory: Path) -> str:
    """Return a hash of all names below a directory and the content of the files."""
    found = hashlib.sha256()
    for place, directories, files in os.walk(directory):
        directories.sort()
        found.update(f"{os.path.relpath(place, directory)}\0".encode())
        for name in sorted(files):
            content = hashlib.sha256(Path(place, name).read_bytes()).hexdigest()
            found.update(f"{name}\0{content}\0".encode())
    return found.hexdigest()


def _lines(random_: random.Random) -> list[str]:
    """Return lines that look like code, of which packing leaves about as much as of code."""
    words = ["".join(random_.choices(ascii_lowercase, k=random_.randint(3, 9))) for _ in range(999)]
    lines = []
    for _ in range(_LINES):
        one, two, three, four = random_.choices(words, k=4)
        lines += [
            f"        $this->{one} = ${two}->{three}('{four}');\n",
            f"    public function {one}{two.title()}(array ${three}): {four.title()}\n    {{\n",
            f"     * Get the {one} {two} of this {three}, by its {four}.\n",
            f"        if (! isset(${one}['{two}'])) {{\n            return ${three};\n        }}\n",
        ]
    return lines


def _text(random_: random.Random, lines: list[str], size: int) -> bytes:
    return "".join(random_.choices(lines, k=size // _LINE_BYTES + 1)).encode()
