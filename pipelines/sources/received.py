"""An answer as it came in, read with a bound: neither its size, nor what it unpacks to, nor how slowly it comes may
cost more than an answer is worth."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from pipelines.errors import SourceUnavailable

LARGEST_BODY = 128 * 1024**2
"""Bytes, unpacked. The largest page of a listing takes a tenth of it; telemetry is asked for in shorter windows."""
LONGEST_READING_SECONDS = 600.0
"""A server that sends a byte now and then keeps every time-out; this ends it."""
_READ_BYTES = 1024**2


class TooLarge(SourceUnavailable):
    """An answer is larger than is read, or takes longer."""


class Body(Protocol):
    """What urllib3 hands out before a body is read."""

    def read1(self, amt: int, decode_content: bool) -> bytes: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Received:
    """Status, headers and the whole body, unpacked."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


def received(response: requests.Response, asked: str) -> Received:
    """The answer to `asked` with its whole body. Raises TooLarge, and requests' errors when the connection breaks."""
    try:
        content = whole(response.raw, asked)
    except HTTPError as error:
        raise _as_requests_tells(error) from None
    return Received(response.status_code, response.headers, content)


def whole(body: Body | Any, asked: str, unpacked: bool = True) -> bytes:
    """The bytes of a body, at most `LARGEST_BODY` of them. Raises TooLarge and urllib3's errors."""
    pieces: list[bytes] = []
    size, until = 0, time.monotonic() + LONGEST_READING_SECONDS
    while piece := body.read1(_READ_BYTES, decode_content=unpacked):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_BODY:
            body.close()
            raise TooLarge(
                f"{asked}: the answer is larger than {LARGEST_BODY // 1024**2} MiB, which no page or window should be; "
                "check the address, or ask for a shorter time"
            )
        if time.monotonic() > until:
            body.close()
            raise TooLarge(
                f"{asked}: the answer was not complete after {LONGEST_READING_SECONDS:.0f} s and {size:,} bytes; "
                "check the network, or ask for a shorter time"
            )
    return b"".join(pieces)


def _as_requests_tells(error: HTTPError) -> requests.RequestException:
    """The error that requests itself would have raised while it reads a body."""
    if isinstance(error, ReadTimeoutError):
        return requests.ConnectionError(error)
    if isinstance(error, DecodeError):
        return requests.exceptions.ContentDecodingError(error)
    if isinstance(error, ProtocolError):
        return requests.exceptions.ChunkedEncodingError(error)
    return requests.ConnectionError(error)
