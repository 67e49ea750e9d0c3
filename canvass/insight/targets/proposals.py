"""Proposals: a number shared out among parts, for a leader to change and save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import targets
from canvass.insight.targets import lists
from canvass.insight.targets.parts import Part

# What a number can be shared out by, in the order they are offered.
BASES = ("members", "households", "last_year", "even")


@dataclass(frozen=True)
class Proposal:
    """Numbers by part id. `guessed` are the names of those that had no figure and got the average of the others'."""

    by: str
    number: int
    numbers: dict[str, int]
    kept: frozenset[str]
    guessed: list[str]


def propose(parts: Sequence[Part], by: str, number: int, kept: Mapping[str, int] | None = None) -> Proposal:
    """`number` shared out among the parts in proportion to one of BASES; nothing is saved.

    The parts in `kept` (numbers by part id) have these, and the others share the rest. Raises Refused when the number
    is not a target, when less than nothing would be left, and when no part has a figure to share by.
    """
    if not 0 <= number <= targets.LARGEST_TARGET:
        raise Refused({"number": _("Målet ska vara ett heltal mellan 0 och 10 miljoner.")})
    kept = {part.id: kept[part.id] for part in parts if kept and part.id in kept}
    left = number - sum(kept.values())
    if left < 0:
        raise Refused({"number": _("Det som ska behållas är redan mer än %(number)s.", number=i18n.number(number))})
    # Sorted by name, so that the remainders go to the same parts whatever order they come in.
    open_parts = lists.shown(part for part in parts if part.id not in kept)
    figures = [1 if by == "even" else getattr(part, by) for part in open_parts]
    known = [figure for figure in figures if figure is not None]
    if open_parts and not sum(known):
        raise Refused({"number": _nothing_to_share_by(by)})
    # Every weight times `len(known)`, so that the average, which those without a figure get, is a whole number.
    weights = [sum(known) if figure is None else figure * len(known) for figure in figures]
    numbers = dict(zip((part.id for part in open_parts), share_out(left, weights), strict=True))
    guessed = [part.name for part, figure in zip(open_parts, figures, strict=True) if figure is None]
    return Proposal(by, number, kept | numbers, frozenset(kept), guessed)


def share_out(number: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to `number` exactly; all of them 0 if the weights are.

    By the largest remainder; of equal remainders the first.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [number * weight // total for weight in weights]
    nearest_first = sorted(range(len(weights)), key=lambda at: -(number * weights[at] % total))
    for at in nearest_first[: number - sum(shares)]:
        shares[at] += 1
    return shares


def basis_name(by: str) -> str:
    """One of BASES as the page calls it."""
    return {
        "members": _("Medlemmar"),
        "households": _("Hushåll"),
        "last_year": _("Förra årets resultat"),
        "even": _("Lika till alla"),
    }[by]


def _nothing_to_share_by(by: str) -> str:
    return {
        "members": _("Ingen av dem har ett medlemstal. Fyll i dem först, eller fördela lika."),
        "households": _("Ingen av dem har områden med hushåll. Fyll i dem först, eller fördela lika."),
        "last_year": _("Ingen av dem har något resultat från förra året. Läs in det, eller fördela lika."),
    }[by]
