"""What can go wrong in the runner, and the exit code of each."""

from enum import IntEnum

from deployr.states import Reason


class ExitCode(IntEnum):
    """Exit codes of `deployr-runner`."""

    OK = 0
    FAILURE = 1
    USAGE = 2  # wrong arguments or configuration
    UNREACHABLE = 5  # the backend did not answer as a Deployr backend does
    TOKEN_REFUSED = 78  # EX_CONFIG: starting again will not help


class RunnerError(Exception):
    """Something that ends the command with one line for people."""

    exit_code = ExitCode.FAILURE


class ConfigError(RunnerError):
    """The configuration is missing, unreadable, unsafe or contradicts itself."""

    exit_code = ExitCode.USAGE


class BackendError(RunnerError):
    """The backend answered with a refusal that asking again will not change."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TokenRefusedError(BackendError):
    """The backend does not know this runner's token, or its owner revoked it."""

    exit_code = ExitCode.TOKEN_REFUSED


class ClaimLostError(BackendError):
    """The job belongs to somebody else by now, or is over."""


class LogGapError(BackendError):
    """The backend has less of the log than the runner thought; `ack` is how much."""

    def __init__(self, ack: int) -> None:
        super().__init__("the backend misses a piece of the log", "log_gap")
        self.ack = ack


class TooLargeError(BackendError):
    """A web server on the way does not let so large a request through."""


class UnreachableError(RunnerError):
    """No answer, or one that no Deployr backend gives; worth asking again."""

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class JobFailedError(Exception):
    """A job can't go on; says why in the words that the backend stores."""

    def __init__(self, reason: Reason, detail: str, exit_code: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.exit_code = exit_code
