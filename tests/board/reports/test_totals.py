"""Totals: to the last conversation, whatever they are divided by."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from canvass.board.reports import selections, totals
from canvass.board.reports.selections import Selection
from canvass.core import db, i18n, sheets
from canvass.counting import attempts, tallies
from canvass.counting.attempts import Attempt, Facts
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, people
from canvass.members.people import Person
from tests.board.reports.common import SignedIn, a_campaign, read
from tests.cast import Cast, log, undo
from tests.conftest import NOW, questions


def test_a_campaign_is_one_row_of_totals(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.cia), campaign=logged.spring.id) == [
        {"Försök": "18", "Samtal": "7", "Samtalsandel": "0.3889"}
    ]


@pytest.mark.parametrize("by", selections.BREAKDOWNS)
def test_every_breakdown_adds_up_to_the_counters(logged: Cast, by: str) -> None:
    with closing(totals.totals(logged.cia, Selection(logged.spring, by=(by, "day")))) as report:
        column = report.headings.index("Försök")
        rows: list[list[Any]] = [sheets.flat(row) for row in report.rows]
    sums = sum(row[column] for row in rows), sum(row[column + 1] for row in rows)
    assert sums == tallies.total(logged.spring.id, organisations.beneath(logged.norrkoping.id)) == (18, 7)
    assert (report.attempts, report.conversations, report.count) == (*sums, len(rows))


def test_associations_are_those_who_talked_and_areas_where(logged: Cast, signed_in: SignedIn) -> None:
    rows = read(signed_in(logged.bo), campaign=logged.spring.id, by=["association", "area"])
    assert [(r["Förening"], r["Område"], r["Områdeskod"], r["Försök"], r["Samtal"]) for r in rows] == [
        ("Ektorp s-förening", "Ektorpshöjden", "E1", "4", "1"),
        ("Ektorp s-förening", "Utan område", "", "1", "1"),
        ("Hageby s-förening", "Ektorpshöjden", "E1", "2", "2"),
        ("Hageby s-förening", "Hageby norra", "H1", "11", "3"),
    ]


def test_columns_and_rows_follow_the_order_asked_for(logged: Cast, signed_in: SignedIn) -> None:
    rows = read(signed_in(logged.bo), campaign=logged.spring.id, by="day,channel")
    assert list(rows[0]) == ["Dag", "Sätt", "Försök", "Samtal", "Samtalsandel"]
    assert [(r["Dag"], r["Sätt"], r["Samtal"]) for r in rows] == [
        ("2026-05-05", "Dörr", "2"),
        ("2026-05-05", "Torg", "1"),
        ("2026-05-06", "Dörr", "3"),
        ("2026-05-06", "Telefon", "1"),
    ]
    assert rows == read(signed_in(logged.bo), campaign=logged.spring.id, by=["day", "channel", "day"])


def test_outcomes_come_as_the_buttons_do_without_a_rate(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.bo), campaign=logged.spring.id, by="outcome") == [
        {"Utfall": "Samtal", "Försök": "7", "Samtal": "7"},
        {"Utfall": "Öppnade ej", "Försök": "8", "Samtal": "0"},
        {"Utfall": "Ville inte prata", "Försök": "3", "Samtal": "0"},
    ]


def test_what_was_undone_is_not_counted(logged: Cast, signed_in: SignedIn) -> None:
    attempt = log(logged, logged.alva, number=5)
    undo(logged, logged.alva, attempt)
    assert read(signed_in(logged.cia), campaign=logged.spring.id)[0]["Samtal"] == "7"


@pytest.mark.parametrize(
    ("period", "conversations"),
    [
        ({"from": "2026-05-06"}, "4"),
        ({"to": "2026-05-05"}, "3"),
        ({"from": "2026-05-05", "to": "2026-05-06"}, "7"),
        ({"from": "2026-05-07"}, "0"),
        ({}, "7"),
    ],
)
def test_either_end_of_the_period_may_be_left_out(
    logged: Cast, signed_in: SignedIn, period: dict[str, str], conversations: str
) -> None:
    assert read(signed_in(logged.cia), **period)[0]["Samtal"] == conversations
    assert read(signed_in(logged.cia), campaign=logged.spring.id, **period)[0]["Samtal"] == conversations


def test_a_day_is_a_swedish_day(cast: Cast, signed_in: SignedIn) -> None:
    attempts.log(
        attempts.Change(
            db.new_id(),
            author_id=cast.alva.id,
            campaign_id=cast.spring.id,
            organisation_id=cast.hageby.id,
            happened_at=datetime(2026, 5, 5, 22, 30, tzinfo=UTC),
            facts=Facts(None, "door", "talked", 1, ()),
        )
    )
    assert read(signed_in(cast.cia), campaign=cast.spring.id, by="day")[0]["Dag"] == "2026-05-06"


def test_several_campaigns_are_told_apart(logged: Cast, signed_in: SignedIn) -> None:
    autumn = a_campaign(logged, "Höstkampanjen")
    log(logged, logged.alva, number=2, campaign=autumn)
    rows = read(signed_in(logged.cia), **{"from": "2026-05-01"})
    assert [(r["Kampanj"], r["Försök"], r["Samtal"]) for r in rows] == [
        ("Höstkampanjen", "2", "2"),
        ("Vårkampanjen", "18", "7"),
    ]
    assert "Kampanj" not in read(signed_in(logged.cia), campaign=autumn.id)[0]


def test_a_campaign_without_attempts_is_a_row_of_zeroes_or_no_rows(cast: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(cast.cia), campaign=cast.spring.id) == [{"Försök": "0", "Samtal": "0", "Samtalsandel": ""}]
    assert read(signed_in(cast.cia), campaign=cast.spring.id, by="area") == []


def test_rows_stand_as_a_swede_sorts(cast: Cast, signed_in: SignedIn) -> None:
    for name in ("Östantill", "Ärlighet", "Åby", "Zinkgruvan", "andra sidan"):
        log(cast, cast.alva, area=areas.add(cast.hageby, name=name, by=cast.bo))
    rows = read(signed_in(cast.bo), campaign=cast.spring.id, by="area")
    assert [r["Område"] for r in rows] == ["andra sidan", "Zinkgruvan", "Åby", "Ärlighet", "Östantill"]


def test_areas_that_look_alike_are_told_apart_by_their_owner(cast: Cast, signed_in: SignedIn) -> None:
    for owner in (cast.hageby, cast.ektorp):
        log(cast, cast.alva, area=areas.add(owner, name="Centrum", code="C", by=cast.bo))
    rows = read(signed_in(cast.bo), campaign=cast.spring.id, by="area")
    assert sorted(r["Områdets organisation"] for r in rows) == ["Ektorp s-förening", "Hageby s-förening"]


def test_the_municipal_organisation_stands_beside_when_there_are_several(logged: Cast, signed_in: SignedIn) -> None:
    ryd = organisations.add("association", "Ryd s-förening", logged.linkoping)
    rut = people.add("Rut", ryd)
    people.grant(rut, "volunteer", ryd)
    districtwide = a_campaign(logged, "Distriktets kampanj", logged.ostergotland)
    log(logged, rut, number=4, campaign=districtwide)
    log(logged, logged.alva, number=2, campaign=districtwide)
    rows = read(signed_in(logged.adam), campaign=districtwide.id, by="association")
    assert [(r["Arbetarekommun"], r["Kommunkod"], r["Förening"], r["Samtal"]) for r in rows] == [
        ("Linköping", "0580", "Ryd s-förening", "4"),
        ("Norrköping", "0581", "Hageby s-förening", "2"),
    ]
    assert "Arbetarekommun" not in read(signed_in(logged.cia), campaign=districtwide.id, by="association")[0]


def test_the_questions_do_not_grow_with_the_attempts(logged: Cast) -> None:
    ids = logged.cia.id, logged.spring.id

    def asked() -> tuple[int, int]:
        # Nothing is loaded at first: what an earlier reading has left in the session depends on the garbage collector.
        db.session.expunge_all()
        person, campaign = db.session.get_one(Person, ids[0]), db.session.get_one(Campaign, ids[1])
        with questions() as seen:
            report = totals.totals(person, Selection(campaign, by=selections.BREAKDOWNS))
            rows = sum(1 for _row in report.rows)
        assert rows == report.count
        report.close()
        return len(seen), report.attempts

    wanted = [logged.hageby_north, logged.hageby_south, logged.ektorp_hill]
    facts = {"campaign_id": logged.spring.id, "author_id": logged.alva.id, "channel": "door", "number": 1}
    facts |= {"happened_at": NOW, "topics": [], "rev": 1, "is_deleted": False}
    rows = [
        facts
        | {
            "id": db.new_id(),
            "organisation_id": (logged.hageby, logged.ektorp)[i % 2].id,
            "area_id": wanted[i % 3].id,
            "outcome": campaigns.CHANNELS["door"][i % 5],
            "happened_on": NOW.date() - timedelta(days=i % 365),
        }
        for i in range(5_000)
    ]
    few = asked()
    db.session.execute(insert(Attempt), rows)
    assert asked() == (few[0], few[1] + 5_000)


def test_headings_follow_the_language(logged: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    english = {
        "Försök": "Attempts",
        "Samtal": ("Conversation", "Conversations"),
        "Område": "Area",
        "Områdeskod": "Area code",
    }
    english["Dörr"] = "Door"
    monkeypatch.setattr(i18n, "catalogue", lambda language: english if language == "en" else {})
    wanted = Selection(logged.spring, by=("area", "channel"))
    with i18n.speaking("en"), closing(totals.totals(logged.cia, wanted)) as report:
        rows = [sheets.flat(row) for row in report.rows]
    assert report.headings[:2] == ["Area", "Area code"]
    assert report.headings[3:5] == ["Attempts", "Conversations"]
    assert "Door" in [row[2] for row in rows]
