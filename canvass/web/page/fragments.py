"""What every template can use, and the choice between a whole page and the part of it that htmx swaps."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import segno
from flask import (
    Flask,
    Response,
    before_render_template,
    current_app,
    flash,
    has_request_context,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup

from canvass.core import clock, db, i18n, nearby
from canvass.core.i18n import gettext as _
from canvass.counting import quarantine
from canvass.fieldwork import areas, campaigns
from canvass.members import access, joining, organisations, people
from canvass.members.joining import JoinLink
from canvass.web.page import auth, site, stylesheets


def attach(app: Flask) -> None:
    """Add the functions and variables that all templates share."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        _=i18n.gettext,
        ngettext=i18n.ngettext,
        number=i18n.number,
        percent=i18n.percent,
        day=i18n.day,
        moment=i18n.moment,
        now=clock.now,
        time_of_day=i18n.time_of_day,
        asset=asset,
        qr=qr,
        is_only_here=nearby.is_only_here,
        may=lambda action, organisation_id: access.may(auth.visitor(), action, organisation_id),
        kind_name=lambda kind: whole(organisations.kind_name(kind)),
        whole=whole,
        role_name=people.role_name,
        first_name=people.first_name,
        campaign_kind_name=campaigns.kind_name,
        state_name=campaigns.state_name,
        channel_name=campaigns.channel_name,
        outcome_name=campaigns.outcome_name,
        housing_name=areas.housing_name,
    )
    app.jinja_env.filters["attrs"] = lambda thing, *names: tuple(getattr(thing, name) for name in names)
    app.after_request(leave_page)
    before_render_template.connect(_read_from_here, app)
    app.context_processor(surroundings)


def whole(word: str) -> str:
    """Return a word that no line breaks at its hyphen: S-förening."""
    return word.replace("-", "\N{NON-BREAKING HYPHEN}")


def _read_from_here(_app: Flask, **_rendered: object) -> None:
    """Render in a transaction that only reads: nobody who writes waits until a page is ready."""
    if has_request_context():
        db.let_go()
        if not db.session().in_transaction():
            db.read_only()


def surroundings() -> dict[str, Any]:
    """Return the variables that all templates share."""
    return {
        "language": i18n.language(),
        "languages": i18n.LANGUAGES,
        "navigation": navigation(),
        "channel_options": [(channel, campaigns.channel_name(channel)) for channel in campaigns.CHANNELS],
        "rhythm_options": [(rhythm, campaigns.rhythm_name(rhythm)) for rhythm in campaigns.RHYTHMS],
        "kind_options": [(kind, campaigns.kind_name(kind)) for kind in campaigns.KINDS],
    }


def navigation() -> list[dict[str, Any]]:
    """Return the entries of the menu that the person has a right to; none for a stranger."""
    person = auth.visitor()
    if person is None:
        return []
    entries = [
        ("attempts.screen", _("Logga samtal"), "attempt.log"),
        ("campaigns.index", _("Kampanjer"), "campaign.see"),
        ("areas.index", _("Områden"), "area.edit"),
        ("reports.index", _("Rapporter"), "report.export"),
        ("quarantine.index", _("Att granska"), "quarantine.review"),
        ("people.index", _("Personer"), "person.see"),
        ("organisations.index", _("Organisationer"), "organisation.see"),
    ]
    # Called by the frame only: the parts of a page need not ask.
    counts = {"quarantine.index": lambda: quarantine.glance(access.nodes(person, "quarantine.review"))}
    return [
        {
            "url": url_for(endpoint),
            "label": label,
            "current": _is_within(request.path, url_for(endpoint)),
            "count": counts.get(endpoint),
        }
        for endpoint, label, action in entries
        if access.may_anywhere(person, action)
    ]


def _is_within(path: str, chapter: str) -> bool:
    return path == chapter or path.startswith(f"{chapter}/")


def page_or_part(page: str, part: str, **values: Any) -> str:
    """Render the page, or only the part that it includes when htmx asks for that."""
    return render_template(part if wants_part() else page, **values)


def wants_part() -> bool:
    """Whether htmx asks for a part of the page; it asks for a full one when it selects from the answer itself."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def leave_page(response: Response) -> Response:
    """Have htmx load the page that a form leads to, unless that is the page the form is on.

    Following the redirect itself, it would show the other page under this page's address.
    """
    if response.status_code == 303 and "HX-Boosted" in request.headers:
        here, there = (urlsplit(url or "").path for url in (request.headers.get("HX-Current-URL"), response.location))
        if here != there:
            response.headers["HX-Redirect"] = response.headers.pop("Location")
            response.status_code = 200
            response.set_data(b"")
    return response


def way_in(link: JoinLink) -> dict[str, Any]:
    """Return a join link as templates show it: the link, its short code and its address."""
    code = joining.code(link, site.secret())
    return {"link": link, "code": code, "url": f"{site.base_url()}{url_for('joining.welcome', code=code)}"}


def say(text: str, kind: str = "ok") -> None:
    """Show a message on the next page; `kind` is `ok`, `warning` or `error`."""
    flash(text, kind)


def asset(path: str) -> str:
    """Return the address of a static file with a hash of its content, so that browsers may keep it for good."""
    return url_for("static", filename=path, v=mark(path))


def mark(path: str) -> str:
    """Return a short hash of a static file's content, computed once for each version of the file."""
    if (text := stylesheets.joined(path)) is not None:
        return hashlib.sha256(text.encode()).hexdigest()[:10]
    return _mark(path, (Path(current_app.static_folder or "") / path).stat().st_mtime_ns)


@cache
def _mark(path: str, _changed: int) -> str:
    return hashlib.sha256((Path(current_app.static_folder or "") / path).read_bytes()).hexdigest()[:10]


def qr(text: str) -> Markup:
    """Return the text as a QR code in SVG, sized by CSS, dark on light in every colour scheme."""
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None, dark="#000", light="#fff"))
