"""Answers that are long, and made while they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, request, stream_with_context

from canvass.core import db

# The key of the WSGI environment that tells the server to begin such an answer outside the threads for requests.
IS_LONG = "canvass.is_long"


def answer(pieces: Iterator[bytes], **options: Any) -> Response:
    """Return a response whose pieces are made one by one while it is sent, in a transaction of their own that reads.

    `options` are those of Response. The pieces should be of some ten kilobytes. They may use the request and the
    session, but what the view has read from the database is detached by then. When the reader leaves, they are closed.
    """
    request.environ[IS_LONG] = True
    return Response(stream_with_context(_reading(pieces)), **options)


def _reading(pieces: Iterator[bytes]) -> Iterator[bytes]:
    db.read_only()
    yield from pieces
