"""The language of a request: the one chosen on this browser, else the first we have that the browser asks for."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from canvass.core import i18n
from canvass.members.people import Person
from canvass.web.page import cookies


def attach(app: Flask) -> None:
    """Set the language before each request."""
    app.before_request(lambda: i18n.speak(asked_for()))


def asked_for() -> str:
    """Return the language of the cookie, else of the Accept-Language header, else the server's own."""
    chosen = request.cookies.get(cookies.LANGUAGE)
    if chosen in i18n.LANGUAGES:
        return chosen
    default = current_app.config["LANGUAGE"]
    return request.accept_languages.best_match([default, *i18n.LANGUAGES], default) or default


def choose(language: str, response: Response, person: Person | None) -> None:
    """Use the language on this browser from now on, and wherever the person signs in. An unknown one is ignored."""
    if language in i18n.LANGUAGES:
        cookies.put(response, cookies.LANGUAGE, language)
        if person is not None:
            person.language = language
