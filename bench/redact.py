"""How fast the runner masks a job's log.

`python -m bench.redact`: interleaved rounds over the log of an npm installation in pieces of
64 KiB, with 50 secrets in all their encodings. The peers are `bytes.replace` once per needle, which
misses what two pieces share, and a mere copy of the pieces.
"""

import random
import statistics
import string
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from runner.needles import exact
from runner.redact import MASK, Redactor

ROUNDS = 5
LOG_BYTES = 32 * 1024 * 1024
PIECE_BYTES = 64 * 1024
LINES_PER_SECRET = 2000
REPLACE_TARGET = 5.0
COPY_TARGET = 150.0

_MASK = MASK.encode()
_LETTERS = string.ascii_letters + string.digits


def main() -> None:
    """Run the rounds and print the figures."""
    random_ = random.Random(50)  # the same log and secrets in every run
    secrets = {f"SECRET_{number}": secret(random_) for number in range(50)}
    log, planted = npm_log(random_, list(secrets.values()))
    pieces = [log[at : at + PIECE_BYTES] for at in range(0, len(log), PIECE_BYTES)]
    redactor = Redactor()
    seconds, _ = timed(lambda: redactor.learn(secrets))
    needles = sorted(set().union(*map(exact, secrets.values())), key=len, reverse=True)
    check(streamed(redactor, pieces), planted, secrets.values())
    rounds = list(interleaved(redactor, pieces, needles))
    ours, replaced, copied = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{len(log) / 1e6:.0f} MB, {len(secrets)} secrets, {len(needles)} needles learned in")
    print(f"  {seconds * 1e3:.0f} ms; median of {ROUNDS}: redactor {ours:.0f} MB/s,")
    print(f"  bytes.replace {replaced:.1f} MB/s, copy {copied:.0f} MB/s")
    faster = statistics.median(mine / theirs for mine, theirs, _ in rounds)
    verdict = "ok" if faster >= REPLACE_TARGET else "short"
    print(f"BENCH redact-replace {faster:.2f} target >={REPLACE_TARGET:g} {verdict}")
    slower = statistics.median(copy / mine for mine, _, copy in rounds)
    verdict = "ok" if slower <= COPY_TARGET else "short"
    print(f"BENCH redact-copy {slower:.2f} target <={COPY_TARGET:g} {verdict}", flush=True)


def interleaved(
    redactor: Redactor, pieces: list[bytes], needles: list[bytes]
) -> Iterator[tuple[float, float, float]]:
    """Yield the MB/s of redactor, `bytes.replace` per needle, and copy."""
    for _ in range(ROUNDS):
        ours, _ = timed(lambda: streamed(redactor, pieces))
        replaced, _ = timed(lambda: [replace(piece, needles) for piece in pieces])
        copied, _ = timed(lambda: [bytes(memoryview(piece)) for piece in pieces])
        yield speed(pieces, ours), speed(pieces, replaced), speed(pieces, copied)


def streamed(redactor: Redactor, pieces: Iterable[bytes]) -> bytes:
    """Return the masked log."""
    stream = redactor.stream()
    return b"".join([*map(stream.feed, pieces), stream.finish()])


def replace(piece: bytes, needles: list[bytes]) -> bytes:
    """Return a piece as a loop over the needles masks it."""
    for needle in needles:
        piece = piece.replace(needle, _MASK)
    return piece


def check(said: bytes, planted: int, secrets: Iterable[str]) -> None:
    """Leave when a figure would be that of a redactor that does not work."""
    if said.count(_MASK) != planted or any(value.encode() in said for value in secrets):
        sys.exit("the log is not masked as it should be")


def secret(random_: random.Random) -> str:
    """Return a password of 12 to 68 characters, a third of which need quoting somewhere."""
    alphabet = _LETTERS + "+/=&%$!'\"\\ <>@#" * 2
    return "".join(random_.choices(alphabet, k=random_.randint(12, 68)))


def npm_log(random_: random.Random, secrets: list[str]) -> tuple[bytes, int]:
    """Return the log and how many secrets stand in it."""
    lines: list[str] = []
    size = planted = 0
    while size < LOG_BYTES:
        line = npm_line(random_)
        if len(lines) % LINES_PER_SECRET == 0:
            planted += 1
            line = f"npm verbose env <{random_.choice(secrets)}>\n"
        lines.append(line)
        size += len(line)
    return "".join(lines).encode(), planted


def npm_line(random_: random.Random) -> str:
    """Return one line as npm prints it with --verbose."""
    name = random_.choice(
        ("react", "@babel/core", "lodash", "webpack", "typescript", "@types/node")
    )
    version = f"{random_.randint(0, 30)}.{random_.randint(0, 20)}.{random_.randint(0, 9)}"
    fetched = f"https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"
    lines = (
        f"npm http fetch GET 200 {fetched} {random_.randint(5, 900)}ms (cache miss)\n",
        f"npm warn deprecated {name}@{version}: this version is no longer supported\n",
        f"npm silly placeDep node_modules/{name} {name}@{version} OK for: app@1.0.0\n",
        f"npm verbose integrity sha512-{''.join(random_.choices(_LETTERS + '+/', k=86))}==\n",
    )
    return random_.choice(lines)


def speed(pieces: list[bytes], seconds: float) -> float:
    """Return MB/s."""
    return sum(map(len, pieces)) / 1e6 / seconds


def timed(act: Callable[[], object]) -> tuple[float, object]:
    """Return how many seconds `act()` takes, and what it returns."""
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    main()
