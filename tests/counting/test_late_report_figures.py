"""Where the figures of late reports show."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import openpyxl
from flask import Flask
from flask.testing import FlaskClient

from canvass.counting import late_reports
from canvass.counting.tallies import Count
from canvass.insight import numbers
from canvass.members import organisations
from canvass.members.people import Person
from tests.cast import Cast, log
from tests.counting.papers import enter, part, send, topic, total

SignedIn = Callable[[Person], FlaskClient]


def test_the_parts_say_where_paper_counts(cast: Cast) -> None:
    log(cast, cast.alva, number=5, area=cast.hageby_north)
    enter(cast, cast.bo, area=cast.hageby_north, talked=4, not_home=6)
    enter(cast, cast.bo, days_ago=2, talked=1)
    late_reports.undo(enter(cast, cast.bo, talked=100), by=cast.bo)
    found = part(cast)
    assert found.total == (11, 5)
    assert found.by_area == {cast.hageby_north.id: (10, 4), "": (1, 1)}
    assert found.by_channel == {"door": (11, 5)}
    assert found.by_day == {"2026-05-05": (10, 4), "2026-05-04": (1, 1)}
    assert found.by_organisation == {cast.hageby.id: (11, 5)}
    assert late_reports.parts(cast.spring.id, organisations.beneath(cast.ektorp.id)).total == (0, 0)
    assert total(cast) == (16, 10)


def test_the_mark_is_there_only_where_paper_is(app: Flask) -> None:
    with app.test_request_context():
        mark = app.jinja_env.get_template("late_reports/_mark.html").module.mark  # type: ignore[attr-defined]
        assert "varav 120 efterrapport" in mark(Count(300, 120))
        assert [str(mark(nothing)) for nothing in (None, Count(), Count(7, 0))] == ["", "", ""]


def test_topics_of_few_conversations_are_as_hidden_as_ever(cast: Cast, signed_in: SignedIn) -> None:
    send(signed_in(cast.bo), cast, talked="4", **{topic(cast, "Skolan"): "2"})
    assert numbers.numbers(cast.spring, cast.norrkoping).by_topic == []


# --- exported -----------------------------------------------------------------------------------------------


def rows(client: FlaskClient, cast: Cast, by: str = "") -> list[dict[str, str]]:
    answer = client.post(f"/reports/totals.csv?dialect=rfc4180&campaign={cast.spring.id}&by={by}")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_export_says_how_much_came_on_paper(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=5, area=cast.hageby_south)
    enter(cast, cast.bo, area=cast.hageby_north, talked=4, not_home=6)
    client = signed_in(cast.cia)
    assert rows(client, cast) == [
        {
            "Försök": "15",
            "Samtal": "9",
            "Samtalsandel": "0.6",
            "Försök, varav efterrapport": "10",
            "Samtal, varav efterrapport": "4",
        }
    ]
    assert [(r["Område"], r["Samtal"], r["Samtal, varav efterrapport"]) for r in rows(client, cast, "area")] == [
        ("Hageby norra", "4", "4"),
        ("Hageby södra", "5", "0"),
    ]
    by_outcome = [(r["Utfall"], r["Försök, varav efterrapport"]) for r in rows(client, cast, "outcome")]
    assert by_outcome == [("Samtal", "4"), ("Öppnade ej", "6")]
    book = openpyxl.load_workbook(
        io.BytesIO(client.post(f"/reports/totals.xlsx?campaign={cast.spring.id}&by=association").data)
    )
    assert [cell.value for cell in book["Vårkampanjen"][2]][-2:] == [10, 4]
    assert "Efterrapport" in {row[0].value for row in book["Om filen"]}
    assert "varav 4 efterrapport" in client.get(f"/reports?campaign={cast.spring.id}").text


def test_an_export_without_paper_has_no_columns_for_it(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva)
    late_reports.undo(enter(cast, cast.bo), by=cast.bo)
    client = signed_in(cast.cia)
    assert list(rows(client, cast)[0]) == ["Försök", "Samtal", "Samtalsandel"]
    assert "efterrapport" not in client.get(f"/reports?campaign={cast.spring.id}").text
