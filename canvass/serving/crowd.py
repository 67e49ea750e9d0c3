"""Who gets a thread when more ask than there are threads, and what those are told who are turned away."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Hashable
from typing import Any

from flask import Flask, Request
from markupsafe import escape

from canvass.core import i18n
from canvass.serving.bodies import Message
from canvass.serving.queue import Lane
from canvass.web.page import cookies, errors, languages

# Threads that run views. Python runs one at a time; the others wait for the disk or the database, which is what more
# threads than cores are for. Each may hold one of db.CONNECTIONS.
THREADS = 16
# A phone's batch of more than a few taps is heavy; it costs some ten times as much as a tap or a hello.
HEAVY_FROM = 4000  # bytes of a body: about eight operations
# How much may wait: some seconds of work, since phones give up after twenty.
# Places in all and of one phone, threads, and how much one of them takes at a time: what phones hand in shares a
# transaction, and then more threads would only make more of them.
LIGHT = (1000, 60, THREADS)  # a page and all its files may come over one connection
TAPS = (1000, 20, 1, 32)
HEAVY = (300, 4, 1, 8)  # a phone sends one batch at a time, from each tab
# Seconds until those who are turned away come back, spread so that they do not do so together.
BACK_AFTER = (3, 12)

_TOKEN = re.compile(rf"\b(?:{cookies.DEVICE}|{cookies.SESSION})=([^;]+)")
_PAGE = '<!doctype html><html lang="{}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'


class Crowd:
    """The lanes of one server, and the rules by which requests are put into them."""

    def __init__(self, app: Flask) -> None:
        self.light, self.taps, self.heavy = Lane[Any](*LIGHT), Lane[Any](*TAPS), Lane[Any](*HEAVY)
        self._language = app.config.get("LANGUAGE", "sv")
        self._proxies = app.config.get("PROXIES", 0)

    def lane(self, environ: dict[str, Any]) -> Lane[Any]:
        """Return the lane for a request."""
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/api/v1/sync":
            return self.light
        length = environ.get("CONTENT_LENGTH", "")
        return self.taps if length.isdigit() and int(length) < HEAVY_FROM else self.heavy

    def asker(self, environ: dict[str, Any]) -> Hashable:
        """Return what stands for the phone or browser: a hash of its token, else of its address. It is kept nowhere."""
        if found := _TOKEN.search(environ.get("HTTP_COOKIE", "")):
            return hash(found[1])  # salted by Python, anew in each process
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        return hash(hops[-self._proxies].strip() if 0 < self._proxies <= len(hops) else environ["REMOTE_ADDR"])

    def refusal(self, environ: dict[str, Any]) -> tuple[Message, bytes]:
        """Return the answer to a request that is turned away. It costs neither a thread nor a template."""
        seconds = random.randint(*BACK_AFTER)
        language = languages.asked_for(Request(environ), self._language)
        with i18n.speaking(language):
            sentence = errors.sentence_for(503)
        if environ["PATH_INFO"].startswith("/api/"):
            kind, text = "application/json", json.dumps({"error": "busy", "sentence": sentence, "seconds": seconds})
        else:
            kind, text = (
                "text/html; charset=utf-8",
                f"{_PAGE.format(language)}<title>Canvass</title><p>{escape(sentence)}",
            )
        body = text.encode()
        headers = {
            "content-type": kind,
            "content-length": str(len(body)),
            "retry-after": str(seconds),
            "cache-control": "no-store",
            "content-security-policy": "default-src 'none'",
            "x-content-type-options": "nosniff",
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http.response.start", "status": 503, "headers": raw}, body
