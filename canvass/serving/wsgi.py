"""From an ASGI request to its WSGI environment (PEP 3333), and the WSGI app's answer to it.

Written by hand because asgiref 3.13 and a2wsgi 1.10 join two cookies into one with a comma, accept X_Forwarded_For as
the proxy's X-Forwarded-For, give the app an empty body when one comes in chunks, and switch between thread and event
loop at least three times for a response. asgiref also runs all requests in one thread and never closes the app's
iterable; a2wsgi takes a thread before the body has arrived.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes


def environ(scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the WSGI environment of an ASGI request, without its body."""
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
        # The body has been read whole, so one without a declared length ends where its file ends.
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
    """Call the app in this thread; return the ASGI message that starts the response, and its whole body.

    The body is whole so that a client that reads slowly never occupies a thread. Views build it in memory anyway.
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
