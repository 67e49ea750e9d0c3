"""Outlines as GeoJSON has them."""

from __future__ import annotations

from canvass.core import geometry

HOUSE: list[geometry.Ring] = [[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]]]
OUTHOUSE: list[geometry.Ring] = [[[6.0, 0.0], [7.0, 0.0], [7.0, 1.0], [6.0, 1.0], [6.0, 0.0]]]


def test_a_bounding_box_spans_every_part_and_every_outline() -> None:
    both = geometry.outline([HOUSE, OUTHOUSE])
    assert geometry.bounding_box(both) == (0, 0, 7, 4)
    assert geometry.bounding_box(geometry.outline([OUTHOUSE]), geometry.outline([HOUSE])) == (0, 0, 7, 4)
    assert geometry.centre(both) == (3.5, 2)


def test_an_outline_of_one_part_is_called_polygon() -> None:
    assert geometry.outline([HOUSE])["type"] == "Polygon"
    assert geometry.polygons(geometry.outline([HOUSE])) == [HOUSE]
    assert geometry.polygons(geometry.outline([HOUSE, OUTHOUSE])) == [HOUSE, OUTHOUSE]
