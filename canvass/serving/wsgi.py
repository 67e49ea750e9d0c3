"""A request as WSGI describes it (PEP 3333), and the app's answer to it.

By hand because asgiref 3.13 and a2wsgi 1.10 join two cookies into one with a comma, let X_Forwarded_For pass for the
proxy's X-Forwarded-For, show the app an empty body where one comes in chunks, and cross between thread and event loop
three times or more for an answer. asgiref also runs all requests in one thread and closes no answer; a2wsgi gives a
request its thread before the body has come.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes


def environ(scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """The WSGI environment of an ASGI request, without its body."""
    host, port = scope["server"] or ("localhost", 80)
    values = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # The body is whole, so one without a length ends where the file ends.
        "wsgi.input_terminated": True,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper(), raw_value.decode("latin-1")
        if "_" in name:
            continue  # X_Forwarded_For would pass for the proxy's own X-Forwarded-For
        key = name.replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in values:
            value = f"{values[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        values[key] = value
    return values


def run(app: Callable[..., Iterable[bytes]], values: dict[str, Any]) -> tuple[MutableMapping[str, Any], bytes]:
    """Have the app answer, in this thread; returns how the answer starts and its whole body.

    Whole, so that a slow reader never holds a thread. Every view makes its answer in memory anyway.
    """
    start: MutableMapping[str, Any] = {"type": "http.response.start"}
    pieces: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        start["status"] = int(status.split(" ", 1)[0])
        start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return pieces.append

    answer = app(values, start_response)
    try:
        pieces.extend(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return start, b"".join(pieces)
