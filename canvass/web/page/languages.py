"""The language of a request: the one chosen on this browser, else the first we have that the browser asks for."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, Request, Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from canvass.core import i18n
from canvass.members.people import Person
from canvass.web.page import cookies


def attach(app: Flask) -> None:
    """Set the language before each request."""
    app.before_request(lambda: i18n.speak(asked_for(request, app.config["LANGUAGE"])))


def asked_for(asked: Request, default: str) -> str:
    """Return the language of the request's cookie, else of its Accept-Language header, else the default."""
    chosen = asked.cookies.get(cookies.LANGUAGE)
    if chosen in i18n.LANGUAGES:
        return chosen
    return _preferred(asked.headers.get("Accept-Language", ""), default)


@lru_cache(maxsize=1000)
def _preferred(header: str, default: str) -> str:
    # Cached: browsers send few different headers, and taking one apart takes longer than all else here.
    accepted = parse_accept_header(header, LanguageAccept)
    return accepted.best_match([default, *i18n.LANGUAGES], default) or default


def choose(language: str, response: Response, person: Person | None) -> None:
    """Use the language on this browser from now on, and wherever the person signs in. An unknown one is ignored."""
    if language in i18n.LANGUAGES:
        cookies.put(response, cookies.LANGUAGE, language)
        if person is not None:
            person.language = language
