"""Exit codes and the one kind of error that users see."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What `deployr` tells the shell; stable, scripts depend on it."""

    OK = 0
    DEPLOYMENT_FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    TIMEOUT = 6
    BUG = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141  # as a shell tells of a program that SIGPIPE ended


class CliError(Exception):
    """Something a user can mend: a sentence, what to do next, and the exit code."""

    def __init__(self, message: str, advice: str = "", *, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code


class ApiError(CliError):
    """The backend refused; `problem` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, object]) -> None:
        detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        super().__init__(detail + _fields(problem), code=_exit_code(status))
        self.status = status
        self.problem_code = str(problem.get("code") or "")
        if self.problem_code == "wrong_token":
            self.advice = "Sign in with `deployr login`."
        elif self.problem_code == "role_too_small":
            self.advice = "`deployr members` shows who its owners are."


class UnreachableError(CliError):
    """The backend did not answer, or not as a Deployr backend; trying again may help."""

    def __init__(self, message: str) -> None:
        advice = "Check the address (`deployr whoami`) and your network, then try again."
        super().__init__(message, advice, code=ExitCode.UNREACHABLE)


def _exit_code(status: int) -> ExitCode:
    codes = {401: ExitCode.NOT_SIGNED_IN, 403: ExitCode.NOT_SIGNED_IN, 404: ExitCode.NOT_FOUND}
    return codes.get(status, ExitCode.USAGE)


def _fields(problem: dict[str, object]) -> str:
    """Return the names and messages of the fields that were refused, a line each."""
    errors = problem.get("errors")
    if not isinstance(errors, list):
        return ""
    return "".join(f"\n  {error.get('field')}: {error.get('message')}" for error in errors)
