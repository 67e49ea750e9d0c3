"""Handing a watcher over from a view to the server, which keeps the stream without holding a thread."""

from __future__ import annotations

from collections.abc import Hashable

from flask import Response, request

from canvass.insight.streams import Guard, Subject, Watch

# The key of the WSGI environment under which a server that can keep streams puts a list for the watch. Others put none.
WANTED = "canvass.wanted"


def answer(subject: Subject, guard: Guard, key: Hashable) -> Response:
    """The answer to a request for a stream; 204 where the server keeps none, which makes the page poll instead."""
    wanted = request.environ.get(WANTED)
    if wanted is None:
        return Response(status=204)
    wanted.append(Watch(subject, guard, key))
    # The header tells proxies not to buffer the answer.
    return Response(mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
