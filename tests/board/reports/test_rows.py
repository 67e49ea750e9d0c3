"""Rows: every attempt by itself, and no more of it than a day."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from canvass.board.reports import rows, totals
from canvass.board.reports.selections import Selection
from canvass.core import db, sheets
from canvass.counting.attempts import Attempt
from tests.board.reports.common import SignedIn, a_campaign, audited, read
from tests.cast import Cast, log, undo
from tests.counting.papers import enter


def test_every_attempt_is_a_row(logged: Cast, signed_in: SignedIn) -> None:
    found = read(signed_in(logged.cia), "rows", campaign=logged.spring.id)
    assert list(found[0]) == [
        "Kampanj", "Förening", "Organisationskod", "Dag", "Område", "Områdeskod", "Sätt", "Utfall", "Försök",
        "Efterrapport",
    ]  # fmt: skip
    said = [tuple(row.values()) for row in found if row["Förening"] == "Hageby s-förening"]
    assert said == [
        ("Vårkampanjen", "Hageby s-förening", "", "2026-05-05", "Ektorpshöjden", "E1", "Dörr", "Samtal", "2", "Nej"),
        ("Vårkampanjen", "Hageby s-förening", "", "2026-05-06", "Hageby norra", "H1", "Dörr", "Öppnade ej", "8", "Nej"),
        ("Vårkampanjen", "Hageby s-förening", "", "2026-05-06", "Hageby norra", "H1", "Dörr", "Samtal", "3", "Nej"),
    ]
    assert len(found) == 6


def test_rows_add_up_to_the_totals(logged: Cast) -> None:
    for selection in (Selection(), Selection(logged.spring), Selection(last=datetime(2026, 5, 5, tzinfo=UTC).date())):
        with closing(rows.rows(logged.cia, selection)) as log_, closing(totals.totals(logged.cia, selection)) as report:
            numbers = [sheets.flat(row)[-2] for row in log_.rows]
        assert sum(numbers) == report.attempts  # type: ignore[arg-type]
        assert log_.count == len(numbers)


def test_equal_attempts_are_as_many_rows(cast: Cast, signed_in: SignedIn) -> None:
    for _ in range(3):
        log(cast, cast.alva, area=cast.hageby_north)
    log(cast, cast.alva, number=2, area=cast.hageby_north)
    assert [row["Försök"] for row in read(signed_in(cast.cia), "rows")] == ["1", "1", "1", "2"]


def test_rows_tell_neither_hour_nor_topic_nor_author_nor_order(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, "talked", topics=["Skolan"])
    ids = [log(cast, cast.alva, outcome) for outcome in ("talked", "refused", "not_home", "refused")]
    text = signed_in(cast.cia).post("/reports/rows.csv").text
    for secret in ("Skolan", "Alva", "16:00", "18:00", cast.alva.id, *ids):
        assert secret not in text
    assert [line.split(";")[7] for line in text.splitlines()[1:]] == [
        "Öppnade ej", "Ville inte prata", "Ville inte prata", "Samtal", "Samtal",
    ]  # fmt: skip


def test_what_was_undone_is_no_row(logged: Cast, signed_in: SignedIn) -> None:
    attempt = log(logged, logged.alva, number=5)
    undo(logged, logged.alva, attempt)
    assert len(read(signed_in(logged.cia), "rows")) == 6


def test_a_row_says_whether_it_was_reported_late(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=5)
    enter(cast, cast.bo, talked=4)
    found = read(signed_in(cast.cia), "rows")
    assert sorted((row["Försök"], row["Efterrapport"]) for row in found) == [("4", "Ja"), ("5", "Nej")]


def test_the_file_says_what_it_is(cast: Cast, signed_in: SignedIn) -> None:
    trap = '=HYPERLINK("https://example.org")'
    cast.hageby_north.name = trap
    log(cast, cast.alva, area=cast.hageby_north)
    answer = signed_in(cast.cia).post(f"/reports/rows.csv?campaign={cast.spring.id}&by=day")
    assert answer.headers["Content-Disposition"] == "attachment; filename=samtal-rader-varkampanjen-2026-05-06.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert '"\'=HYPERLINK(""https://example.org"")"' in answer.text
    (entry,) = audited()
    assert entry.details == {
        "format": "csv", "campaign": cast.spring.id, "first": None, "last": None, "table": "rows", "rows": 1,
    }  # fmt: skip


def test_an_attempt_that_comes_while_rows_are_read_is_in_the_next_file(logged: Cast, app: Flask) -> None:
    """One snapshot: pieces that are read before and after a commit agree."""
    query = rows._query(logged.cia, Selection())
    author, campaign, home = logged.alva.id, logged.spring.id, logged.hageby.id
    db.session.commit()
    db.read_only()
    pieces = db.in_pieces(query, 1)
    before = len(next(pieces))
    with db.db.engine.connect() as other, other.begin():
        row: dict[str, Any] = {"id": db.new_id(), "campaign_id": campaign, "organisation_id": home}
        row |= {
            "author_id": author,
            "channel": "door",
            "outcome": "talked",
            "number": 1,
            "topics": [],
            "rev": 1,
            "is_deleted": False,
        }
        hour = datetime(2026, 5, 6, 16, tzinfo=UTC)
        other.execute(insert(Attempt), row | {"happened_at": hour, "happened_on": hour.date()})
    assert before + sum(map(len, pieces)) == 6
    db.session.rollback()
    db.read_only()
    assert sum(map(len, db.in_pieces(query))) == 7


def test_whoever_stops_reading_leaves_no_cursor_behind(logged: Cast) -> None:
    db.session.commit()
    db.read_only()
    pieces = db.in_pieces(rows._query(logged.cia, Selection()), 1)
    next(pieces)
    pieces.close()
    db.session.commit()
    # On SQLite a cursor that is still open keeps the snapshot it reads from.
    log(logged, logged.alva)
    db.session.commit()
    db.read_only()
    assert sum(map(len, db.in_pieces(rows._query(logged.cia, Selection())))) == 7


@pytest.mark.parametrize("table", ["totals", "rows"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_transaction_is_open_while_a_file_is_written(
    logged: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, table: str, form: str
) -> None:
    """On SQLite the WAL grows while a transaction is open, and a workbook takes its time."""
    open_: list[bool] = []
    flat = sheets._check_width

    def look(*how: object) -> None:
        open_.append(db.session.registry().in_transaction())
        flat(*how)  # type: ignore[arg-type]

    client = signed_in(logged.cia)
    monkeypatch.setattr(sheets, "_check_width", look)
    assert client.post(f"/reports/{table}.{form}").status_code == 200
    assert set(open_) == {False}


def test_several_campaigns_are_told_apart(logged: Cast, signed_in: SignedIn) -> None:
    autumn = a_campaign(logged, "Höstkampanjen")
    log(logged, logged.alva, number=2, campaign=autumn)
    found = read(signed_in(logged.cia), "rows", **{"from": "2026-05-06"})
    assert {row["Kampanj"] for row in found} == {"Höstkampanjen", "Vårkampanjen"}
    assert len({row["Dag"] for row in found}) == 1


def test_no_attempts_are_a_file_of_headings(cast: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(cast.cia), "rows") == []
