"""Where the logs of finished jobs are kept when not in the database."""

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

from app.config import ConfigError, Settings

TIMEOUT_SECONDS = 5


class LogStore(Protocol):
    """Objects by key. Every method raises LogStoreError when the place can't be reached."""

    def put(self, key: str, data: bytes) -> None:
        """Store an object, whole or not at all; an object of that key is replaced."""

    def get(self, key: str) -> bytes:
        """Return an object."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""


class LogStoreError(Exception):
    """The place where logs are kept did not do as it was asked."""


class FileStore:
    """A directory that all processes of the backend see."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        """See LogStore."""
        path = self._root / key
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes the file with 0600; renaming makes it whole at once.
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError as error:
            raise LogStoreError(str(error)) from None

    def get(self, key: str) -> bytes:
        """See LogStore."""
        try:
            return (self._root / key).read_bytes()
        except OSError as error:
            raise LogStoreError(str(error)) from None

    def delete(self, key: str) -> None:
        """See LogStore."""
        try:
            (self._root / key).unlink(missing_ok=True)
        except OSError as error:
            raise LogStoreError(str(error)) from None


class S3Store:
    """A bucket of S3, or of anything that speaks like it."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError when boto3 is missing or can't use the settings.

        Keys and region are boto3's own settings.
        """
        try:
            # Imported here: it costs 10 MB, and most backends never need it.
            import boto3  # noqa: PLC0415
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        except ModuleNotFoundError:
            raise ConfigError(
                "DEPLOYR_S3_BUCKET needs boto3: pip install --require-hashes "
                "-r requirements/s3.txt; in an account of cPanel deploy again"
            ) from None
        self._errors = (BotoCoreError, ClientError)
        self._bucket = str(settings.s3_bucket)
        self._prefix = settings.s3_prefix
        config = Config(
            connect_timeout=TIMEOUT_SECONDS,
            read_timeout=TIMEOUT_SECONDS,
            retries={"total_max_attempts": 2},
            # Other makers of S3 don't know the checksums that boto3 adds by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            self._client: Any = boto3.client("s3", endpoint_url=settings.s3_url, config=config)
        except (BotoCoreError, ValueError) as error:  # the latter of an address that is none
            raise ConfigError(f"The settings of S3 can't be used: {error}") from None

    def put(self, key: str, data: bytes) -> None:
        """See LogStore."""
        self._ask("put_object", key, Body=data)

    def get(self, key: str) -> bytes:
        """See LogStore."""
        body = self._ask("get_object", key)["Body"]
        try:
            data: bytes = body.read()
        except self._errors as error:  # it broke off in the middle
            raise LogStoreError(f"get_object {key}: {error}") from None
        return data

    def delete(self, key: str) -> None:
        """See LogStore."""
        self._ask("delete_object", key)

    def _ask(self, what: str, key: str, **options: object) -> dict[str, Any]:
        act = getattr(self._client, what)
        try:
            answer: dict[str, Any] = act(Bucket=self._bucket, Key=self._prefix + key, **options)
        except self._errors as error:
            raise LogStoreError(f"{what} {key}: {error}") from None
        return answer


def open_store(kind: str, settings: Settings) -> LogStore:
    """Return the store of a kind (`file`, `s3`). Raises ConfigError when it is not set up."""
    if kind == "file" and settings.log_dir:
        return FileStore(Path(settings.log_dir))
    if kind == "s3" and settings.s3_bucket:
        return S3Store(settings)
    needs = {"file": "DEPLOYR_LOG_DIR", "s3": "DEPLOYR_S3_BUCKET"}
    raise ConfigError(f"logs are kept in the store {kind}, which needs {needs.get(kind, kind)}")
