"""What the logging screen is made of, and its service worker's script, which names it."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from functools import cache
from pathlib import Path

from flask import current_app, render_template, url_for

from canvass.core import i18n
from canvass.web.page import fragments


def worker() -> str:
    """The service worker's script, which names the files of the shell; phones update when any of them changes.

    Made once per process and language, and at each request in debug mode.
    """
    made = _worker.__wrapped__ if current_app.debug else _worker
    return made(i18n.language())


@cache
def _worker(_language: str) -> str:
    screen = render_template("log.html")
    pages = screen + render_template("offline.html")
    shell = files(screen)
    version = hashlib.sha256("".join([pages, *(fragments.mark(f) for f in shell)]).encode()).hexdigest()[:12]
    urls = [url_for("attempts.screen"), url_for("about.offline"), *_addresses(pages, shell)]
    return f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps(urls)};\n{_text('service-worker.js')}"


def files(page: str) -> list[str]:
    """The static files that a page needs, found by following what it links and imports."""
    found = dict.fromkeys(re.findall(r'["\'(]/static/([^"\'?)]+)', page))
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        if not name.endswith(".js"):
            continue
        for imported in re.findall(r'(?:from|import\()\s*["\'](\.[^"\']+)', _text(name)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in found:
                found[path] = None
                waiting.append(path)
    return list(found)


def _addresses(page: str, shell: list[str]) -> list[str]:
    """Each file's address as the page or the importing module writes it: with its mark, or plain."""
    return [fragments.asset(f) if fragments.asset(f) in page else url_for("static", filename=f) for f in shell]


def _text(name: str) -> str:
    return (Path(current_app.static_folder or "") / name).read_text("utf-8")
