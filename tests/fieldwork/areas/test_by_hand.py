"""Areas added and changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from canvass.core.refusals import Refused
from canvass.fieldwork import areas
from tests.cast import Cast
from tests.conftest import NOW
from tests.fieldwork.areas.files import of


def test_an_area_without_a_code_gets_the_next_free_number(cast: Cast) -> None:
    assert areas.add(cast.hageby, name="Navestad", by=cast.bo).code == "1"
    areas.add(cast.hageby, name="Ringdansen", code="2", by=cast.bo)
    assert areas.add(cast.hageby, name="Smedby", by=cast.bo).code == "3"


def test_what_an_area_cannot_be_is_said_field_by_field(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        areas.add(cast.hageby, name=" ", code="H1", housing="slott", households=-1, by=cast.bo)
    assert set(refused.value.errors) == {"name", "code", "housing", "households"}
    # A code is an organisation's own: another may use the same.
    assert areas.add(cast.ektorp, name="Eneby", code="H1", by=cast.bo).code == "H1"


def test_an_area_moves_to_another_owner_with_its_counts(cast: Cast) -> None:
    areas.edit(
        cast.hageby_north,
        organisation=cast.norrkoping,
        name="Hageby norra",
        code="H1",
        housing="flats",
        households=640,
        by=cast.bo,
    )
    assert of(cast.norrkoping)["H1"] is cast.hageby_north
    with pytest.raises(Refused, match="används redan"):
        areas.edit(
            cast.ektorp_hill, organisation=cast.hageby, name="X", code="H2", housing="", households=None, by=cast.bo
        )


def test_retiring_twice_keeps_the_first_day(cast: Cast, later: Callable[..., Any]) -> None:
    areas.retire(cast.hageby_north, by=cast.bo)
    with later(days=3):
        areas.retire(cast.hageby_north, by=cast.bo)
    assert cast.hageby_north.retired_at == NOW
