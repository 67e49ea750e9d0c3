"""Handing a watcher over from a door to the server, which keeps the stream without holding a thread."""

from __future__ import annotations

from collections.abc import Hashable

from flask import Response, request

from canvass.insight.streams import Guard, Subject, Watch

# Where a server that can keep streams puts a list for the watch that a door grants. Others have no such thing.
WANTED = "canvass.wanted"


def answer(subject: Subject, guard: Guard, key: Hashable) -> Response:
    """The stream of a subject; 204 from a server that keeps none, for the page to ask for the block now and then."""
    wanted = request.environ.get(WANTED)
    if wanted is None:
        return Response(status=204)
    wanted.append(Watch(subject, guard, key))
    # Proxies that gather answers before they pass them on let this one through at once.
    return Response(mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
