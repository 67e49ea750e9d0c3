"""From an ASGI request to its WSGI environment (PEP 3333), and the WSGI app's answer to it.

Written by hand because asgiref 3.13 and a2wsgi 1.10 join two cookies into one with a comma, accept X_Forwarded_For as
the proxy's X-Forwarded-For, give the app an empty body when one comes in chunks, and switch between thread and event
loop at least three times for a response. asgiref also runs all requests in one thread and never closes the app's
iterable; a2wsgi takes a thread before the body has arrived.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

Message = MutableMapping[str, Any]

# Bytes of an answer that are gathered in memory. Of a longer one the rest is made while it is sent.
IN_MEMORY = 256 * 1024
ALIKE = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    # The body has been read whole, so one without a declared length ends where its file ends.
    "wsgi.input_terminated": True,
}


@dataclass
class Answer:
    """The ASGI message that starts a response, the beginning of its body, and what is left of it, None for nothing."""

    start: Message
    beginning: bytes
    rest: Rest | None


class Rest:
    """The pieces of an answer that are still to be made. Close it, whether or not they are."""

    def __init__(self, pieces: Iterator[bytes], answer: Iterable[bytes]) -> None:
        self._pieces, self._answer = pieces, answer

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        if hasattr(self._answer, "close"):
            self._answer.close()


def environ(scope: Message) -> dict[str, Any]:
    """Return the WSGI environment of an ASGI request, without its body."""
    host, port = scope["server"] or ("localhost", 80)
    values = ALIKE | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.url_scheme": scope["scheme"],
    }
    for raw_name, raw_value in scope["headers"]:
        key, value = _key(raw_name), raw_value.decode("latin-1")
        if key in values:
            value = f"{values[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        if key is not None:
            values[key] = value
    return values


@lru_cache(maxsize=1000)
def _key(raw_name: bytes) -> str | None:
    """Return the environment's key for a header; None for one that is left out."""
    name = raw_name.decode("latin-1").upper()
    if "_" in name:
        return None  # X_Forwarded_For would pass for the proxy's own X-Forwarded-For
    key = name.replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def run(app: Callable[..., Iterable[bytes]], values: dict[str, Any]) -> Answer:
    """Call the app in this thread, and gather its response as far as it fits in memory."""
    start: Message = {"type": "http.response.start"}
    pieces: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        start["status"] = int(status.split(" ", 1)[0])
        start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return pieces.append

    answer = app(values, start_response)
    rest = Rest(iter(answer), answer)
    is_whole = False
    try:
        is_whole = _gather(rest, pieces)
    except BaseException:
        is_whole = True
        raise
    finally:
        if is_whole:
            rest.close()
    return Answer(start, b"".join(pieces), None if is_whole else rest)


def _gather(rest: Rest, pieces: list[bytes]) -> bool:
    """Add the pieces until that is all, or enough; return whether it is all."""
    size = 0
    for piece in rest:
        pieces.append(piece)
        size += len(piece)
        if size > IN_MEMORY:
            return False
    return True
