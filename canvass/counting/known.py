"""What a set of operations is judged by, read from the database once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, select

from canvass.core.db import among, rows_of, table
from canvass.counting import attempts, quarantine, receipts
from canvass.counting.attempts import Row
from canvass.counting.operations import Sent
from canvass.counting.receipts import Receipt
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign, Period
from canvass.fieldwork.shifts import Shift
from canvass.fieldwork.topics import Topic
from canvass.members import access, organisations
from canvass.members.access import Role
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person


class Author(NamedTuple):
    """Somebody who hands in operations."""

    id: str
    association_id: str
    roles: list[Role]


class OpenCampaign(NamedTuple):
    """What decides whether a campaign counts something."""

    owner_id: str
    period: Period


class Outing(NamedTuple):
    """A shift. `organisation_id` is None when it is no association's: then nothing is logged for its organisation."""

    campaign_id: str
    organisation_id: str | None
    cancelled_at: datetime | None
    ends_at: datetime


@dataclass
class Known:
    """Everything by its id. What is not in the database is not in here."""

    authors: dict[str, Author] = field(default_factory=dict)
    shifts: dict[str, Outing] = field(default_factory=dict)
    campaigns: dict[str, OpenCampaign] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)  # the owner of each
    topics: dict[str, str] = field(default_factory=dict)  # the campaign of each
    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of each organisation: organisations.line
    receipts: dict[str, Receipt] = field(default_factory=dict)
    held: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # (code, decision) by (op, digest)
    attempts: dict[str, Row] = field(default_factory=dict)
    _logged: dict[tuple[str, str, str | None], str | None] = field(default_factory=dict)

    def line(self, organisation_id: str) -> tuple[str, ...]:
        """The organisation and those above it."""
        return self.lines.get(organisation_id, ())

    def serves(self, area_id: str, campaign_id: str) -> bool:
        """Whether the campaign may count conversations in the area."""
        owner, top = self.areas.get(area_id), self.campaigns[campaign_id].owner_id
        return owner is not None and (top in self.line(owner) or owner in self.line(top))

    def where_logged(self, author_id: str, campaign_id: str, shift_id: str | None = None) -> str | None:
        """The organisation that an attempt belongs to, None when the author may not log in the campaign.

        That of the shift when the author may log there, else their own: see campaigns.where_logged.
        """
        asked = (author_id, campaign_id, shift_id)
        if asked not in self._logged:
            self._logged[asked] = self._where_logged(*asked)
        return self._logged[asked]

    def may_log(self, author_id: str, campaign_id: str) -> bool:
        """Whether the author may log in the campaign."""
        return self.where_logged(author_id, campaign_id) is not None

    def may_have_logged(self, author_id: str, campaign_id: str) -> bool:
        """Whether the author may log in the campaign, or might before they left: their association takes part in it."""
        return self.may_log(author_id, campaign_id) or self._takes_part(author_id, campaign_id)

    def counted_for(self, author_id: str, campaign_id: str, shift_id: str | None = None) -> str:
        """The organisation that the author's attempt belongs to, also when they may not log there any more."""
        found = self.where_logged(author_id, campaign_id, shift_id)
        if found is not None:
            return found
        takes_part = self._takes_part(author_id, campaign_id)
        return self.authors[author_id].association_id if takes_part else self.campaigns[campaign_id].owner_id

    def _takes_part(self, author_id: str, campaign_id: str) -> bool:
        return self.campaigns[campaign_id].owner_id in self.line(self.authors[author_id].association_id)

    def _where_logged(self, author_id: str, campaign_id: str, shift_id: str | None) -> str | None:
        author, top = self.authors[author_id], self.campaigns[campaign_id].owner_id
        of_shift = self.shifts[shift_id].organisation_id if shift_id else None
        line = self.line(of_shift) if of_shift else ()
        if top in line and access.allow(author.roles, "attempt.log", line):
            return of_shift
        return campaigns.where_logged(author.association_id, author.roles, top, line=self.line)


def look_up(
    author_ids: Collection[str], operation_ids: Collection[str], sent: Collection[Sent], shift_ids: Iterable[str] = ()
) -> Known:
    """All that these operations name, and the shifts named besides; locks the attempts."""
    data = [one.data for one in sent if one.kind != "delete"]
    shifts = rows_of(_SHIFTS, {*shift_ids, *(each["shift"] for each in data if each.get("shift"))})
    known = Known(_authors(author_ids), {row[0]: Outing(*row[1:]) for row in shifts})
    named = {*(one.campaign for one in sent), *(shift.campaign_id for shift in known.shifts.values())}
    known.campaigns = {row[0]: OpenCampaign(row[1], Period(*row[2:])) for row in rows_of(_CAMPAIGNS, named)}
    areas = rows_of(_AREAS, {each["area"] for each in data if each.get("area")})
    known.areas = dict(areas)
    topics = rows_of(_TOPICS, {id_ for each in data for id_ in each.get("topics", ())})
    known.topics = dict(topics)
    known.lines = organisations.lines(
        {
            *(author.association_id for author in known.authors.values()),
            *(campaign.owner_id for campaign in known.campaigns.values()),
            *(shift.organisation_id for shift in known.shifts.values() if shift.organisation_id),
            *known.areas.values(),
        }
    )
    known.attempts = attempts.find({one.attempt for one in sent})
    known.receipts = receipts.find(operation_ids)
    if known.receipts:
        known.held = quarantine.decisions(known.receipts)
    return known


def _authors(ids: Iterable[str]) -> dict[str, Author]:
    found: dict[str, Author] = {}
    for id_, association_id, organisation_id, role in rows_of(_AUTHORS, ids):
        author = found.setdefault(id_, Author(id_, association_id, []))
        if organisation_id is not None:
            author.roles.append((organisation_id, role))
    return found


_campaign, _area, _shift, _topic = (table(kind).c for kind in (Campaign, Area, Shift, Topic))
_person, _membership, _organisation = (table(kind).c for kind in (Person, Membership, Organisation))

_AUTHORS = (
    select(_person.id, _person.association_id, _membership.organisation_id, _membership.role)
    .join_from(table(Person), table(Membership), _membership.person_id == _person.id, isouter=True)
    .where(among(_person.id))
)
_SHIFTS = (
    select(
        _shift.id,
        _shift.campaign_id,
        case((_organisation.kind == "association", _shift.organisation_id)),
        _shift.cancelled_at,
        _shift.ends_at,
    )
    .join_from(table(Shift), table(Organisation), _organisation.id == _shift.organisation_id)
    .where(among(_shift.id))
)
_CAMPAIGNS = select(_campaign.id, _campaign.organisation_id, _campaign.opened_at, _campaign.closing_at).where(
    among(_campaign.id)
)
_AREAS = select(_area.id, _area.organisation_id).where(among(_area.id))
_TOPICS = select(_topic.id, _topic.campaign_id).where(among(_topic.id))
