"""Labels: the columns of a report that say what each row is about, with their headings and their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from canvass.board.reports import selections
from canvass.core import db, i18n
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.sheets import Cell, Label
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations
from canvass.members.organisations import Organisation


class Code(str):
    """The heading of a column of codes of what the column before it names."""


@dataclass(frozen=True)
class Labels:
    """How a breakdown is written: its headings, and by key (an id, a day, a word) the cells and the place in order."""

    headings: list[str]
    cells: dict[Any, Label] = field(default_factory=dict)
    order: dict[Any, tuple[Any, ...]] = field(default_factory=dict)

    def put(self, key: Any, cells: list[Cell], *order: Any) -> None:
        """Add a key with its cells; keys are sorted by `order`."""
        # The key comes last, so that the rows of two with the same name are not mixed.
        self.cells[key], self.order[key] = Label(*cells), (*order, str(key))

    def in_order(self) -> list[Any]:
        """The keys, sorted."""
        return sorted(self.order, key=self.order.__getitem__)


def labels(kind: str, keys: set[Any]) -> Labels:
    """The labels of a breakdown for these of its keys, as the database's driver gives them: a day may be text."""
    if kind == "campaign":
        return _campaign_labels(keys)
    if kind == "association":
        return _association_labels(keys)
    if kind == "area":
        return _area_labels(keys)
    found = Labels([selections.breakdown_name(kind)])
    for key in keys:
        if kind == "day":
            found.put(key, [date.fromisoformat(key) if isinstance(key, str) else key], key)
        elif kind == "channel":
            found.put(key, [campaigns.channel_name(key)], list(campaigns.CHANNELS).index(key))
        else:
            found.put(key, [campaigns.outcome_name(key)], campaigns.OUTCOMES.index(key))
    return found


def _campaign_labels(campaign_ids: set[str]) -> Labels:
    found = Labels([_("Kampanj")])
    for campaign in session.scalars(select(Campaign).where(Campaign.id.in_(campaign_ids))):
        found.put(campaign.id, [campaign.name], i18n.sort_key(campaign.name), campaign.starts_on)
    return found


def _association_labels(keys: set[str]) -> Labels:
    """With the municipal organisation before the association when there are several of them."""
    # The whole tree in one query; after that no query is needed for the organisations above each association.
    tree = {node.id: node for node in session.scalars(select(Organisation))}
    above = {key: organisations.municipal_of(key) for key in keys}
    is_several = len(set(above.values())) > 1
    found = Labels(
        [
            *([_("Arbetarekommun"), Code(_("Kommunkod"))] if is_several else []),
            _("Förening"),
            Code(_("Organisationskod")),
        ]
    )
    for key in keys:
        node, municipal = tree[key], above[key]
        beside: list[Cell] = [municipal.name, municipal.code or None] if municipal else [None, None]
        found.put(
            key,
            [*(beside if is_several else []), node.name, node.code or None],
            i18n.sort_key(municipal.name) if municipal else "",
            i18n.sort_key(node.name),
        )
    return found


def _area_labels(keys: set[str | None]) -> Labels:
    """With the area's owner when two areas have the same name and code: a code is unique within its owner only."""
    query = select(Area.id, Area.name, Area.code, Organisation.name).join(Area.organisation)
    rows = [
        row for batch in db.in_batches(filter(None, keys)) for row in session.execute(query.where(Area.id.in_(batch)))
    ]
    is_alike = len({(name, code) for _id, name, code, _owner in rows}) < len(rows)
    found = Labels([_("Område"), Code(_("Områdeskod")), *([_("Områdets organisation")] if is_alike else [])])
    for area_id, name, code, owner in rows:
        found.put(
            area_id, [name, code, *([owner] if is_alike else [])], 0, i18n.sort_key(name), i18n.sort_key(code), code
        )
    found.put(None, [_("Utan område"), None, *([None] if is_alike else [])], 1)
    return found
