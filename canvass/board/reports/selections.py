"""What a report is about: which attempts are counted, and what their totals are divided by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from canvass.core import clock, db
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting.attempts import COUNTS, Attempt
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# What totals can be divided by. `association` is whose people talked, `area` where: the two need not match.
BREAKDOWNS = ("association", "area", "day", "channel", "outcome")


@dataclass(frozen=True)
class Selection:
    """The attempts of a campaign (all campaigns when None) from `first` to `last`, divided `by` some of BREAKDOWNS.

    The columns of the report follow the order of `by`.
    """

    campaign: Campaign | None = None
    first: date | None = None
    last: date | None = None
    by: tuple[str, ...] = ()


def selection(
    person: Person, campaign_id: str = "", first: str = "", last: str = "", by: Sequence[str] = ()
) -> Selection:
    """The selection as it was typed: days as 2026-05-31, '' for what is left open.

    Raises Refused with a sentence by field; access.NotFound for a campaign that the person may not know of;
    access.Forbidden when they may export nothing, or nothing of that campaign.
    """
    if not access.may_anywhere(person, "report.export"):
        raise access.Forbidden("report.export")
    campaign = _campaign(person, campaign_id) if campaign_id else None
    errors: dict[str, str] = {}
    first_on, last_on = _day("from", first, errors), _day("to", last, errors)
    if first_on and last_on and last_on < first_on:
        errors["to"] = _("Sista dagen kan inte ligga före den första.")
    unknown = [word for word in by if word not in BREAKDOWNS]
    if unknown:
        errors["by"] = _("Det går inte att dela upp efter ”%(word)s”.", word=unknown[0][:40])
    if errors:
        raise Refused(errors)
    return Selection(campaign, first_on, last_on, tuple(dict.fromkeys(by)))


def choices(person: Person) -> list[Campaign]:
    """The campaigns that the person may export anything of, the latest first."""
    return [campaign for campaign in campaigns.seen_by(person) if scope(person, campaign)]


def scope(person: Person, campaign: Campaign | None) -> list[Organisation]:
    """The organisations whose attempts are counted, each with everything beneath it."""
    if campaign is not None:
        return access.tops(person, campaign.organisation_id, "report.export")
    nodes = access.nodes(person, "report.export")
    return organisations.in_order(session.scalars(select(Organisation).where(Organisation.id.in_(nodes))))


def attempts(person: Person, selection: Selection) -> list[ColumnElement[Any]]:
    """What is asked of an attempt for it to be part of the report: it is the person's to export, and was not undone."""
    wanted = [selection.campaign] if selection.campaign else campaigns.seen_by(person)
    return [
        COUNTS,
        Attempt.campaign_id.in_([campaign.id for campaign in wanted]),
        Attempt.organisation_id.in_(access.reach(person, "report.export")),
        *([Attempt.happened_on >= selection.first] if selection.first else []),
        *([Attempt.happened_on <= selection.last] if selection.last else []),
    ]


def breakdown_name(kind: str) -> str:
    """One of BREAKDOWNS as pages and headings call it."""
    return {
        "association": _("Förening"),
        "area": _("Område"),
        "day": _("Dag"),
        "channel": _("Sätt"),
        "outcome": _("Utfall"),
    }[kind]


def _campaign(person: Person, campaign_id: str) -> Campaign:
    if not db.is_id(campaign_id):
        raise access.NotFound(f"Campaign {campaign_id!r}")
    campaign = access.find(person, Campaign, campaign_id)
    if not scope(person, campaign):
        raise access.Forbidden("report.export")
    return campaign


def _day(name: str, typed: str, errors: dict[str, str]) -> date | None:
    """The day typed in the field `name`; None when there is none or it cannot be read, which is noted in `errors`."""
    if not typed:
        return None
    try:
        return clock.typed_day(typed)
    except ValueError:
        errors[name] = _("Skriv datumet som 2026-05-31, med ett årtal mellan 1990 och 2099.")
        return None
