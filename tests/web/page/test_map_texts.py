"""Texts on a map."""

from __future__ import annotations

from canvass.web.page import map_texts


def test_a_text_stands_where_there_is_room_for_all_of_it() -> None:
    """In a U, on one of its legs or its foot, never in the gap between them."""
    corners = "0,0 10,0 10,40 50,40 50,0 60,0 60,60 0,60"
    u_shape = [[(float(x), float(y)) for x, y in (corner.split(",") for corner in corners.split())]]
    assert map_texts.room([u_shape], 40, 10) == (30.0, 47.1)
    assert map_texts.room([u_shape], 8, 50) == (5.0, 30.0)
    assert map_texts.room([u_shape], 20, 25) is None
