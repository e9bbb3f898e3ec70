"""The posts about one job under one claim, and how much of its log the backend has."""

import time
from typing import Any

from deployr.logchunk import MAX_CHUNK_BYTES, LogChunk
from deployr.states import JobStatus

from .client import Client, JobReply
from .errors import LogGapError, TooLargeError, UnreachableError
from .spool import Spool

MIN_CHUNK_BYTES = 1024
_FRESH_SHARE = 5
"""A word from the backend is fresh for this part of the lease."""


class Uplink:
    """Used by one thread at a time, but for `is_fresh`."""

    def __init__(self, client: Client, job_id: int, claim_id: str, spool: Spool) -> None:
        self.job_id = job_id
        self._client = client
        self._claim_id = claim_id
        self._spool = spool
        self._ack = 0
        self._full = False
        self._chunk_bytes = MAX_CHUNK_BYTES
        self._accepted = float("-inf")
        self._fresh_seconds = 0.0

    def post(self, body: dict[str, Any], *, with_log: bool = True) -> JobReply:
        """Post `body`, with the next piece of the log if there is one.

        Raises UnreachableError, LogGapError (asking again goes on where the backend is),
        ClaimLostError, TokenRefusedError, BackendError.
        """
        while True:
            piece = self._piece() if with_log else None
            try:
                return self._post(body, piece)
            except LogGapError as gap:
                # The backend can't be where the log has not come yet.
                self._ack = min(gap.ack, self._spool.size)
                raise
            except TooLargeError as error:
                if piece is None or self._chunk_bytes <= MIN_CHUNK_BYTES:
                    raise UnreachableError(str(error)) from None
                self._chunk_bytes //= 2

    def claim(self) -> JobReply:
        """Take the job; asked again, the answer is the same. Raises as `post`."""
        reply = self.post({"status": JobStatus.RUNNING}, with_log=False)
        self._spool.limit(reply.log_cap)
        return reply

    @property
    def is_pending(self) -> bool:
        """Whether the backend lacks something of the log and would take it."""
        return not self._full and self._ack < self._spool.size

    @property
    def is_behind(self) -> bool:
        """Whether a whole piece of the log waits."""
        return not self._full and self._spool.size - self._ack >= self._chunk_bytes

    @property
    def is_fresh(self) -> bool:
        """Whether the backend has said a short while ago that the job is this runner's."""
        return time.monotonic() - self._accepted <= self._fresh_seconds

    def _piece(self) -> LogChunk | None:
        if not self.is_pending:
            return None
        return LogChunk.pack(self._ack, self._spool.chunk(self._ack, self._chunk_bytes))

    def _post(self, body: dict[str, Any], piece: LogChunk | None) -> JobReply:
        posted = {**body, "claim_id": self._claim_id}
        if piece is not None:
            posted["log"] = piece.model_dump()
        # The lease begins when the backend gets the post, which is after this moment.
        sent = time.monotonic()
        reply = self._client.post_status(self.job_id, posted)
        # A backend that takes nothing of one piece would be sent it for ever.
        is_stuck = piece is not None and reply.ack <= self._ack
        self._full = self._full or reply.log_full or is_stuck
        self._ack = reply.ack
        self._accepted, self._fresh_seconds = sent, reply.lease_seconds / _FRESH_SHARE
        return reply
