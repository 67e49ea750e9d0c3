"""What a file of outlines does to the areas that there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from canvass.core import audit, db
from canvass.core.refusals import Refused
from canvass.fieldwork import area_files, areas
from canvass.fieldwork.area_files import Draft
from tests.cast import Cast
from tests.fieldwork.areas.files import brought_in, feature, file_of, of


def test_a_file_adds_what_is_new_and_changes_what_it_speaks_of(cast: Cast) -> None:
    plan = area_files.plan_import(cast.hageby, file_of(feature("H1", "Hageby nord"), feature("H3", "Navestad", east=1)))
    assert [f.code for f in plan.added] == ["H3"]
    (change,) = plan.changed
    assert set(change.values) == {"name", "outline"}
    assert (plan.problems, plan.unchanged) == ([], [])
    area_files.carry_out(plan, by=cast.bo)
    found = of(cast.hageby)
    assert (found["H1"].name, found["H1"].housing, found["H1"].households) == ("Hageby nord", "flats", 640)
    assert found["H1"].geometry is not None
    assert found["H2"].outline is None
    assert found["H3"].name == "Navestad"
    assert audit.broken_at() is None


def test_the_same_file_twice_changes_nothing(cast: Cast) -> None:
    features = [feature("H1", "Hageby norra", boendeform="radhus", hushåll=640), feature("H3", east=1)]
    brought_in(cast, *features)
    plan = area_files.plan_import(cast.hageby, file_of(*features))
    assert (plan.added, plan.changed, len(plan.unchanged)) == ([], [], 2)


def test_housing_chosen_for_the_file_is_only_for_areas_without(cast: Cast) -> None:
    features = [feature("H1"), feature("H3", east=1, boendeform="radhus"), feature("H4", east=2)]
    brought_in(cast, *features, housing="mixed")
    assert {code: area.housing for code, area in of(cast.hageby).items()} == {
        "H1": "flats",
        "H2": "villa",
        "H3": "terraced",
        "H4": "mixed",
    }


def test_a_file_without_names_leaves_the_names_that_people_use(cast: Cast) -> None:
    brought_in(cast, feature("H1"), feature("H3", east=1))
    assert {code: area.name for code, area in of(cast.hageby).items()} == {
        "H1": "Hageby norra",
        "H2": "Hageby södra",
        "H3": "H3",
    }


def test_a_file_brings_retired_areas_back(cast: Cast) -> None:
    brought_in(cast, feature("H1"))
    areas.retire(cast.hageby_north, by=cast.bo)
    plan = brought_in(cast, feature("H1"))
    assert [change.values for change in plan.changed] == [{"retired_at": None}]
    assert of(cast.hageby)["H1"].retired_at is None


def test_outlines_drawn_one_by_one_do_not_overwrite_each_other(cast: Cast) -> None:
    """A single outline has no code, so the next is not the same ground under another shape."""
    brought_in(cast, feature(""))
    brought_in(cast, feature("", east=1))
    assert {code: area.name for code, area in of(cast.hageby).items() if code.isdigit()} == {
        "1": "Område 1",
        "2": "Område 2",
    }
    again = area_files.plan_import(cast.hageby, file_of(feature("", east=1)))
    assert [area.code for area in again.unchanged] == ["2"]


def test_a_file_with_one_fault_changes_nothing(cast: Cast) -> None:
    plan = area_files.plan_import(
        cast.hageby, file_of(feature("H3", "Navestad"), feature("H4", "Smedby", is_bare=True))
    )
    assert [f.code for f in plan.added] == ["H3"]
    with pytest.raises(Refused, match=r"Smedby.*ingen gräns"):
        area_files.carry_out(plan, by=cast.bo)
    assert set(of(cast.hageby)) == {"H1", "H2"}
    area_files.carry_out(plan, skips_faulty=True, by=cast.bo)
    assert set(of(cast.hageby)) == {"H1", "H2", "H3"}


def test_codes_that_lost_their_zeros_are_recognised(cast: Cast) -> None:
    brought_in(cast, feature("09990001", "Ekdungen"), feature("09990002", "Sjövik", east=1))
    for code in (9990001, "9990001", 9990001.0, "9990001.0", "009990001"):
        plan = area_files.plan_import(cast.hageby, file_of(feature(code, "Ekdungen")))
        assert [area.code for area in [*plan.unchanged, *(c.area for c in plan.changed)]] == ["09990001"], code
        assert plan.without_zeros == 1
    # An area with the very code is meant, not one that is like it; and of two that are alike neither is.
    plan = area_files.plan_import(
        cast.hageby, file_of(feature("9990001", "Ek"), feature("09990001", "Ekdungen", east=2))
    )
    assert ([f.code for f in plan.added], [c.area.code for c in plan.changed]) == (["9990001"], ["09990001"])


def test_zeros_that_were_lost_come_back(cast: Cast) -> None:
    brought_in(cast, feature("9990001", "Ekdungen"))
    plan = brought_in(cast, feature("09990001", "Ekdungen"))
    assert [change.values for change in plan.changed] == [{"code": "09990001"}]
    assert set(of(cast.hageby)) == {"H1", "H2", "09990001"}


def test_a_plan_is_marked_by_what_it_would_do(cast: Cast) -> None:
    content = file_of(feature("H1", "Hageby nord"), feature("H3", east=1))
    before = area_files.plan_import(cast.hageby, content).mark
    assert area_files.plan_import(cast.hageby, content).mark == before
    marks = {before}
    cast.hageby_north.name = "Norra Hageby"
    marks.add(area_files.plan_import(cast.hageby, content).mark)
    areas.add(cast.hageby, name="Navestad", code="H3", by=cast.bo)
    marks.add(area_files.plan_import(cast.hageby, content).mark)
    assert len(marks) == 3


def test_forgotten_files_are_cleared_away(cast: Cast, later: Callable[..., Any]) -> None:
    plan = area_files.plan_import(cast.hageby, file_of(feature("H3")))
    first = area_files.keep_draft(plan, {}, by=cast.bo)
    assert area_files.draft(first.id, of=cast.bo) is first
    assert area_files.draft(first.id, of=cast.cia) is None
    with later(hours=25):
        second = area_files.keep_draft(plan, {}, by=cast.bo)
    assert list(db.session.scalars(select(Draft.id))) == [second.id]


def test_the_command_reads_the_same_files(app: Flask, cast: Cast, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.geojson", tmp_path / "bad.geojson"
    good.write_bytes(file_of(feature("H3", "Navestad")))
    bad.write_bytes(file_of(feature("H4", "Smedby"), feature("H5", "Ljura", is_bare=True)))
    command = ["canvass", "areas", "import", "--organisation", "Hageby s-förening"]
    db.session.commit()
    refused = app.test_cli_runner().invoke(args=[*command, str(bad)])
    assert refused.exit_code == 1
    assert "Ljura" in refused.output
    assert app.test_cli_runner().invoke(args=[*command, str(good)]).exit_code == 0
    assert set(of(cast.hageby)) == {"H1", "H2", "H3"}
    assert app.test_cli_runner().invoke(args=[*command, "--rest", str(bad)]).exit_code == 0
    assert set(of(cast.hageby)) == {"H1", "H2", "H3", "H4"}
