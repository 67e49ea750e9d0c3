"""Sweden's districts and municipal organisations, added to the tree from the shipped list of municipalities."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from canvass.core import audit
from canvass.core.db import new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.core.settings import ROOT
from canvass.members import organisations
from canvass.members.organisations import ABOVE_MUNICIPAL, KINDS, Organisation

REFERENCE = ROOT / "canvass" / "reference" / "municipalities.csv"


def add_missing(beneath: Organisation | None = None, *, by: str | None = None) -> dict[str, int]:
    """Add the districts and municipal organisations of Sweden that are missing.

    `beneath` says where to start: the party gives all of Sweden, a district its own municipal organisations. Without it
    the whole installation becomes one party: every organisation without a parent, of any kind, gets one.
    An existing organisation is recognised by its code or its name, and keeps everything it has.

    Returns how many were added by kind, how many existing ones were given a new parent (`placed`), and how many were
    found outside the start and left there (`elsewhere`). Raises Refused; then the caller rolls back.
    """
    if beneath is not None and beneath.kind not in ABOVE_MUNICIPAL:
        raise Refused(_("Distrikt och arbetarekommuner kan bara läggas under partiet eller ett partidistrikt."))
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = dict.fromkeys((*KINDS[:-1], "placed", "elsewhere"), 0)
    top = beneath or _party()
    if top is None:
        top = organisations.add("national", _("Partiet"), None, by=by)
        counts["national"] = 1
    branch = None if beneath is None else {node.id for _depth, node in organisations.tree([top.id])}
    taken = {(id_, name) for id_, name in session.execute(select(Organisation.parent_id, Organisation.name))}
    run = _Import(top, branch, taken, counts, by)
    municipals = run.municipal_organisations(rows, run.districts(rows))
    if beneath is None:
        counts["placed"] += _place_roots(top, municipals, by)
    session.flush()
    audit.record("organisation.import", person_id=by, organisation_id=top.id, **counts)
    return counts


@dataclass
class _Import:
    """One run: where it starts, what exists already, and the counts of what it has done."""

    top: Organisation
    # The ids of the start and everything beneath it; None for the whole installation.
    branch: set[str] | None
    # The parent and name of every organisation there was.
    taken: set[tuple[str | None, str]]
    counts: dict[str, int]
    by: str | None

    def districts(self, rows: Iterable[Mapping[str, str]]) -> dict[str, Organisation | None]:
        """Return the organisation of each listed district, added where missing; beneath a district only itself."""
        found = _districts(self.top, {row["party_district"] for row in rows})
        if self.top.kind == "national":
            for name in sorted(found):
                found[name] = self.add_or_place("district", name, "", found[name], self.top)
        return found

    def municipal_organisations(
        self, rows: Iterable[Mapping[str, str]], districts: Mapping[str, Organisation | None]
    ) -> dict[str, Organisation | None]:
        """Return the organisation of each listed municipality, added beneath its district where missing."""
        found = _municipals(rows)
        for row in rows:
            name, parent = row["name"], districts.get(row["party_district"])
            if parent is not None:
                found[name] = self.add_or_place("municipal", name, row["code"], found[name], parent)
        return found

    def add_or_place(
        self, kind: str, name: str, code: str, known: Organisation | None, parent: Organisation
    ) -> Organisation | None:
        """Add the organisation, or give the `known` one its code and parent. None when that is outside the start."""
        if known is None:
            return self._add(kind, name, code, parent)
        # Whoever starts from a branch moves nothing into it: what is outside may be somebody else's.
        if self.branch is not None and known.id not in self.branch:
            self.counts["elsewhere"] += 1
            return None
        known.code = known.code or code
        # A parent other than none and the top was chosen by somebody: it stays.
        if known.parent_id in (None, self.top.id) and known.parent_id != parent.id:
            organisations.move(known, parent, by=self.by)
            self.counts["placed"] += 1
        return known

    def _add(self, kind: str, name: str, code: str, parent: Organisation) -> Organisation:
        """Add one organisation. Raises Refused when something else beneath the parent has its name."""
        if (parent.id, name) in self.taken:
            sentence = _(
                "Det finns redan en organisation som heter %(name)s under %(parent)s.", name=name, parent=parent.name
            )
            raise Refused(sentence)
        self.counts[kind] += 1
        added = Organisation(id=new_id(), kind=kind, name=name, code=code, parent_id=parent.id)
        session.add(added)
        return added


def _party() -> Organisation | None:
    """Return the oldest organisation of the kind `national`."""
    parties = select(Organisation).where(Organisation.kind == "national")
    return session.scalar(parties.order_by(Organisation.created_at, Organisation.id).limit(1))


def _districts(top: Organisation, listed: Iterable[str]) -> dict[str, Organisation | None]:
    """Return the organisation of each listed district, None where there is none; beneath a district only itself.

    Raises Refused when the start is a district that the list does not have.
    """
    names = {name: name for name in listed}
    for name in list(names):
        # "Jämtlands län" is Jämtland too, but "Stockholms län" is not Stockholm.
        short = name.removesuffix(" län")
        if short.removesuffix("s") not in names:
            names |= {short: name, short.removesuffix("s"): name}
    if top.kind == "national":
        known = _recognised("district", names, {})
        return {name: known.get(name) for name in names.values()}
    own = _place_named(top.name, names)
    if own is None:
        raise Refused(_("%(name)s finns inte bland de 26 partidistrikten. Byt namn på det först.", name=top.name))
    return {own: top}


def _municipals(rows: Iterable[Mapping[str, str]]) -> dict[str, Organisation | None]:
    """Return the organisation of each listed municipality, None where there is none."""
    names = {row["name"]: row["name"] for row in rows}
    known = _recognised("municipal", names, {row["code"]: row["name"] for row in rows})
    return {name: known.get(name) for name in names}


def _recognised(kind: str, names: Mapping[str, str], codes: Mapping[str, str]) -> dict[str, Organisation]:
    """Return the organisation of this kind that each place has: by code, else exact name, else a place in the name.

    `names` and `codes` give the listed place for a name or code. When several fit, the oldest is taken.
    """
    query = select(Organisation).where(Organisation.kind == kind)
    nodes = list(session.scalars(query.order_by(Organisation.created_at, Organisation.id)))
    rules: tuple[Callable[[Organisation], str | None], ...] = (
        lambda node: codes.get(node.code),
        lambda node: names.get(node.name),
        lambda node: _place_named(node.name, names),
    )
    found: dict[str, Organisation] = {}
    for rule in rules:
        for node in nodes:
            place = rule(node)
            if place and place not in found and node not in found.values():
                found[place] = node
    return found


def _place_roots(top: Organisation, municipals: Mapping[str, Organisation | None], by: str | None) -> int:
    """Put every organisation without a parent beneath the party and return how many those were.

    An association comes under the municipal organisation that its name mentions, or directly beneath the party when
    it mentions none: somebody who knows moves it on.
    """
    query = select(Organisation).where(Organisation.parent_id.is_(None), Organisation.kind != "national")
    roots = list(session.scalars(query))
    for organisation in roots:
        place = _place_named(organisation.name, {name: name for name in municipals})
        parent = municipals.get(place or "") if organisation.kind == "association" else None
        organisations.move(organisation, parent or top, by=by)
    return len(roots)


def _place_named(name: str, names: Mapping[str, str]) -> str | None:
    """Return the place that a name such as "Socialdemokraterna i Norrköping" mentions; None for no place or several.

    A genitive is recognised too: "Norrköpings arbetarekommun".
    """
    words = _words(name)
    places = set()
    # The longest first, and each word once: "Stockholms län" does not mention "Stockholm".
    for listed in sorted(names, key=lambda each: -len(_words(each))):
        *head, last = _words(listed)
        for at in range(len(words) - len(head)):
            end = at + len(head)
            if words[at:end] == head and words[end] in (last, f"{last}s"):
                places.add(names[listed])
                words[at : end + 1] = [""] * (len(head) + 1)
    return places.pop() if len(places) == 1 else None


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", name.casefold())
