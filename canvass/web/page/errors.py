"""Error responses: the status, and a sentence in the person's language, as a page or as JSON."""

from __future__ import annotations

import logging
import random
import traceback
from functools import partial

from flask import Flask, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, IntegrityError, NoResultFound, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException

from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import access, throttle, tickets
from canvass.web.page import auth, kept

log = logging.getLogger(__name__)

# Seconds after which to try again when the database could not answer; spread, so that not all come at once.
BACK_AFTER = (2, 9)


def attach(app: Flask) -> None:
    """Register the handlers for the whole app."""
    app.register_error_handler(access.NotFound, lambda error: answer(404))
    app.register_error_handler(access.Forbidden, lambda error: answer(403))
    app.register_error_handler(tickets.Gone, lambda error: answer(410, str(error)))
    app.register_error_handler(Refused, lambda error: answer(422, str(error)))
    app.register_error_handler(throttle.TooManyTries, lambda error: answer(429))
    app.register_error_handler(DataError, lambda error: answer(400))  # what the database cannot store, such as a NUL
    app.register_error_handler(NoResultFound, partial(_overtaken, 404))  # gone since it was looked up
    app.register_error_handler(IntegrityError, partial(_overtaken, 409))
    app.register_error_handler(SQLAlchemyError, _busy)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(status: int, sentence: str = "") -> ResponseReturnValue:
    """Return the error page, or JSON below /api/, and roll back the request's transaction."""
    try:
        return _answer(status, sentence or sentence_for(status))
    except SQLAlchemyError as error:
        return _busy(error)


def _answer(status: int, sentence: str) -> ResponseReturnValue:
    db.session.rollback()
    if status >= 500:
        auth.login_manager.forget_user()  # the page must not need the database, which may be what failed
    if request.path.startswith("/api/"):
        return jsonify(error=_CODES.get(status, "error"), sentence=sentence), status
    if auth.visitor() is not None:
        db.read_only()  # the menu asks for their roles
    return render_template("error.html", status=status, sentence=sentence, kept=kept.typed(status)), status


def sentence_for(status: int) -> str:
    """Return what the status means to a person."""
    return {
        400: _("Servern förstod inte frågan."),
        401: _("Du behöver logga in först."),
        403: _("Det här får du inte göra. Fråga din kampanjledare om du borde kunna det."),
        404: _("Sidan finns inte, eller så är den inte din."),
        405: _("Så går det inte att göra här."),
        409: _("Någon annan sparade samma sak just nu. Ladda om sidan och se hur det blev."),
        408: _("Det tog för lång tid att ta emot det du skickade. Försök igen där täckningen är bättre."),
        410: _("Länken gäller inte längre."),
        413: _("Filen är för stor."),
        422: _("Något i formuläret behöver rättas."),
        429: _("Det blev fel för många gånger. Vänta en kvart och prova igen."),
        503: _("Servern har mycket att göra. Försök igen om en stund."),
    }.get(status, _("Något gick fel hos oss. Det du sparat på telefonen är kvar."))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    own_words = error.description if type(error).description != error.description else ""
    return answer(error.code, own_words or "")


def _overtaken(status: int, error: SQLAlchemyError) -> ResponseReturnValue:
    """Somebody else took the same key, or removed what was pointed at, just now. A phone simply sends again."""
    _note(error)
    return _later() if request.path.startswith("/api/") else answer(status)


def _busy(error: SQLAlchemyError) -> ResponseReturnValue:
    if isinstance(error, NoConnection):
        log.warning("every connection to the database is taken")
    elif isinstance(error, OperationalError):
        log.warning("the database did not answer in time: %s", error.orig)
    else:
        _note(error)
    return _later()


def _later() -> ResponseReturnValue:
    """Ask to come back after some seconds; what was sent is still with whoever sent it."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session.remove()  # its connection is gone
    seconds = random.randint(*BACK_AFTER)
    if request.path.startswith("/api/"):
        response = jsonify(error=_CODES[503], sentence=sentence_for(503), seconds=seconds)
        response.status_code = 503
    else:
        response = make_response(_answer(503, sentence_for(503)))
    response.headers["Retry-After"] = str(seconds)
    return response


def _note(error: SQLAlchemyError) -> None:
    """Log the place and the kind only: the message may hold what was to be written, such as somebody's address."""
    kind = type(getattr(error, "orig", None) or error).__name__
    log.error("%s\n%s", kind, "".join(traceback.format_tb(error.__traceback__)))


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error")
    return answer(500)


_CODES = {
    400: "malformed",
    401: "sign_in",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    429: "busy",
    503: "busy",
}
