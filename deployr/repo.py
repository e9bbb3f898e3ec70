"""Repository URLs: which ones Deployr accepts, and when two of them mean the same repository."""

import re
from urllib.parse import urlsplit

_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)[A-Za-z0-9][A-Za-z0-9.-]*:(?!/)[^\s:]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

MAX_URL_LENGTH = 255


def url_problem(url: str) -> str | None:
    """Say in one sentence why `url` can't be a repository URL, or return None when it can.

    Accepted: https://, ssh://, git@host:path and file:///path. Credentials are refused: they
    would be stored by the backend and printed in logs.
    """
    if len(url) > MAX_URL_LENGTH:
        return f"is longer than {MAX_URL_LENGTH} characters"
    if re.search(r"[\x00-\x20\x7f]", url):
        return "contains spaces or control characters"
    if _SCP_LIKE.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not a URL"
    return _parts_problem(parts.scheme, parts.hostname, parts.username, parts.password, parts.path)


def _parts_problem(
    scheme: str, host: str | None, user: str | None, password: str | None, path: str
) -> str | None:
    if scheme not in {"https", "ssh", "file"}:
        return "must start with https://, ssh://, file:/// or look like git@host:owner/repo.git"
    if password is not None or (scheme == "https" and user is not None):
        return "must not hold a user name or password; give the runner its own git credentials"
    if scheme == "file":
        return "must be file:/// and an absolute path" if host or not path[1:] else None
    if not host or host.startswith("-") or path in {"", "/"}:
        return "lacks a host or a path"
    return None


def same_repo(one: str, other: str) -> bool:
    """Tell whether two URLs are equal but for a trailing slash, `.git` and the host's case."""
    return _comparable(one) == _comparable(other)


def _comparable(url: str) -> str:
    bare = url.rstrip("/").removesuffix(".git")
    if _SCP_LIKE.fullmatch(url):
        host, _, path = bare.partition(":")
        return f"{host.lower()}:{path}"
    try:
        parts = urlsplit(bare)
    except ValueError:
        return bare
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()


def is_full_commit(text: str) -> bool:
    """Tell whether `text` is a whole lower-case SHA-1 or SHA-256 commit hash."""
    return bool(_COMMIT.fullmatch(text))


def branch_problem(branch: str) -> str | None:
    """Say why `branch` can't be a git branch name, or return None when it can."""
    if not 1 <= len(branch) <= 255:
        return "must have 1 to 255 characters"
    if branch.startswith("-") or branch.endswith(("/", ".")) or branch in {"@", "HEAD"}:
        return "is not a git branch name"
    return "is not a git branch name" if _BRANCH_FORBIDDEN.search(branch) else None


def name_problem(name: str) -> str | None:
    """Say why `name` can't name a project, an environment or a runner, or return None."""
    if _NAME.fullmatch(name):
        return None
    return "must start with a letter or digit and hold only letters, digits, . _ - (at most 63)"
