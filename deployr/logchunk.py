"""Pieces of a job's log: at most 64 KiB raw, gzipped, base64, with offset and checksum."""

import gzip
import zlib
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from deployr.wire import Wire, WireError, decode_base64, encode_base64

MAX_CHUNK_BYTES = 64 * 1024


class LogChunk(Wire):
    """One piece of a log on the wire."""

    off: Annotated[int, Field(ge=0)]
    """Bytes of the log before this piece."""
    len: Annotated[int, Field(ge=0, le=MAX_CHUNK_BYTES)]
    enc: Literal["gz64"] = "gz64"
    crc32: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
    data: Annotated[str, StringConstraints(max_length=100_000)]

    @classmethod
    def pack(cls, off: int, raw: bytes) -> Self:
        """Return `raw` (≤ 64 KiB) packed for the wire."""
        # A fixed mtime makes a repeated post byte for byte the same.
        data = encode_base64(gzip.compress(raw, compresslevel=6, mtime=0))
        return cls(off=off, len=len(raw), crc32=_crc(raw), data=data)

    def unpack(self) -> bytes:
        """Return the raw bytes. Raises WireError when they are not what len and crc32 say."""
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            # One byte more than allowed is enough to notice a bomb without inflating it.
            raw = inflater.decompress(decode_base64(self.data), MAX_CHUNK_BYTES + 1)
        except zlib.error:
            raise WireError("log.data: not gzip") from None
        if len(raw) != self.len or _crc(raw) != self.crc32 or not inflater.eof:
            raise WireError("log: length or checksum does not match the data")
        return raw


def _crc(raw: bytes) -> str:
    return f"{zlib.crc32(raw):08x}"
