"""Where the people on a shift meet, and how far the areas are from there."""

from __future__ import annotations

from collections.abc import Iterable

from canvass.core import geometry, places
from canvass.fieldwork import areas
from canvass.fieldwork.areas import Area
from canvass.fieldwork.shifts import Shift


def near(found: Iterable[Area], latitude: float | None, longitude: float | None) -> list[tuple[Area, float | None]]:
    """(area, metres from its middle to the position), the nearest first; None for areas without an outline, last.

    Without a position: in the given order, with None.
    """
    rows = list(found)
    if latitude is None or longitude is None:
        return [(area, None) for area in rows]
    away: dict[str, float] = {}
    for area in areas.with_outlines(rows):
        outline = area.geometry
        if outline:
            east, north = geometry.centre(outline)
            away[area.id] = places.metres(latitude, longitude, north, east)
    return sorted(((area, away.get(area.id)) for area in rows), key=lambda row: (row[1] is None, row[1] or 0))


def position(shift: Shift) -> tuple[float, float] | None:
    """(latitude, longitude) of the meeting point, else of the middle of the first area with an outline."""
    return positions([shift]).get(shift.id)


def positions(found: Iterable[Shift]) -> dict[str, tuple[float, float]]:
    """The same for several shifts, by shift id; those without one are left out."""
    shown = list(found)
    known = {s.id: (s.latitude, s.longitude) for s in shown if s.latitude is not None and s.longitude is not None}
    without = [shift for shift in shown if shift.id not in known]
    outlined = areas.with_outlines({area.id: area for shift in without for area in shift.areas}.values())
    for shift in without:
        outline = next((area.geometry for area in outlined if area in shift.areas), None)
        if outline:
            east, north = geometry.centre(outline)
            known[shift.id] = round(north, 5), round(east, 5)
    return known


def words(shift: Shift) -> str:
    """The meeting point in words, else the names of the areas."""
    return shift.place or shift.ground
