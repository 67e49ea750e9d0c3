"""Totals from paper count once, as what they are, and go as easily as they came."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from canvass.core import audit, db
from canvass.core.audit import Entry
from canvass.core.refusals import Refused
from canvass.counting import attempts, late_reports, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.late_reports import LateReport, Totals
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.insight import numbers
from canvass.members import organisations, people
from canvass.members.people import Person
from canvass.web.counting import late_reports as doors
from tests.cast import Cast, log
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]

YESTERDAY = NOW.date() - timedelta(days=1)


def topic(cast: Cast, name: str) -> str:
    return next(t.id for t in campaigns.topics(cast.spring) if t.name == name)


def paper(cast: Cast, *, report: str | None = None, **changes: Any) -> dict[str, Any]:
    """What Bo fills in: an evening in Hageby norra."""
    return {
        "report": report or db.new_id(),
        "at": cast.norrkoping.id,
        "organisation": cast.hageby.id,
        "happened_on": YESTERDAY.isoformat(),
        "hour": "18",
        "channel": "door",
        "area": cast.hageby_north.id,
        "talked": "12",
        "not_home": "40",
        "refused": "8",
        **changes,
    }


def send(client: FlaskClient, cast: Cast, **changes: Any) -> TestResponse:
    return client.post(f"/campaigns/{cast.spring.id}/late", data=paper(cast, **changes))


def enter(cast: Cast, by: Person, *, area: Area | None = None, days_ago: int = 1, **outcomes: int) -> LateReport:
    """Somebody enters a door evening in Hageby without a browser."""
    report_id, day = db.new_id(), NOW.date() - timedelta(days=days_ago)
    totals = Totals(day, 18, "door", area.id if area else None, outcomes or {"talked": 3})
    assert late_reports.enter(report_id, cast.spring, cast.hageby, totals, by=by)
    return db.session.get_one(LateReport, report_id)


def total(cast: Cast) -> Count:
    return tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id))


def part(cast: Cast) -> late_reports.Parts:
    return late_reports.parts(cast.spring.id, organisations.beneath(cast.norrkoping.id))


# --- laying out the topics ----------------------------------------------------------------------------------


@given(st.integers(0, 10_000).flatmap(lambda n: st.tuples(st.just(n), st.dictionaries(st.text(), st.integers(0, n)))))
def test_each_topic_is_in_exactly_as_many_conversations_as_the_paper_says(drawn: tuple[int, dict[str, int]]) -> None:
    conversations, topics = drawn
    rows = late_reports.lay_out(conversations, topics)
    assert sum(number for number, _topics in rows) == conversations
    assert {name: sum(number for number, raised in rows if name in raised) for name in topics} == topics
    assert all(number > 0 for number, _topics in rows)
    assert len(rows) <= len(topics) + 1


# --- counting -----------------------------------------------------------------------------------------------


def test_an_evening_on_paper_is_counted_at_once(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    numbers = {topic(cast, "Skolan"): "7", topic(cast, "Vården"): "2"}
    answer = send(client, cast, **numbers)
    assert answer.status_code == 303
    assert total(cast) == (60, 12)
    here = organisations.beneath(cast.hageby.id)
    assert tallies.by("area", cast.spring.id, here) == {cast.hageby_north.id: (60, 12)}
    assert tallies.by("channel", cast.spring.id, here) == {"door": (60, 12)}
    assert tallies.by("day", cast.spring.id, here) == {YESTERDAY.isoformat(): (60, 12)}
    assert tallies.by("hour", cast.spring.id, here) == {"door-1-18": (60, 12)}
    assert {key: count.conversations for key, count in tallies.by("topic", cast.spring.id, here).items()} == {
        topic(cast, "Skolan"): 7,
        topic(cast, "Vården"): 2,
    }
    assert attempts.drift() == {}
    page = client.get(answer.headers["Location"]).text
    assert "Sparat för Hageby s-förening 5 maj 2026: 12 samtal på 60 försök." in page
    assert "Bo skrev in det 6 maj 2026 18:30" in page


def test_its_rows_belong_to_the_leader_the_association_and_the_report(cast: Cast, signed_in: SignedIn) -> None:
    report_id = db.new_id()
    send(signed_in(cast.bo), cast, report=report_id)
    rows = list(db.session.scalars(select(Attempt)))
    assert {(row.author_id, row.organisation_id, row.late_report_id) for row in rows} == {
        (cast.bo.id, cast.hageby.id, report_id)
    }
    assert sorted((row.outcome, row.number) for row in rows) == [("not_home", 40), ("refused", 8), ("talked", 12)]
    # 18 in Sweden is 16 in UTC: it is summer.
    assert {row.happened_at for row in rows} == {datetime(2026, 5, 5, 16, tzinfo=UTC)}


def test_a_form_that_is_sent_twice_counts_once(cast: Cast, signed_in: SignedIn) -> None:
    client, report_id = signed_in(cast.bo), db.new_id()
    assert [send(client, cast, report=report_id).status_code for _ in range(3)] == [303, 303, 303]
    assert total(cast) == (60, 12)
    page = client.get(f"/campaigns/{cast.spring.id}/late").text
    assert page.count("Sparat för Hageby") == 3  # the same good news each time


def test_a_form_that_comes_back_with_other_numbers_does_not_pretend(cast: Cast, signed_in: SignedIn) -> None:
    """Somebody went back in the browser, changed a number and saved again."""
    client, report_id = signed_in(cast.bo), db.new_id()
    send(client, cast, report=report_id)
    answer = send(client, cast, report=report_id, talked="13")
    assert total(cast) == (60, 12)
    assert "redan sparad med andra siffror" in client.get(answer.headers["Location"]).text


def test_two_taps_at_the_same_moment_count_once(app: Flask, cast: Cast) -> None:
    report_id, ids = db.new_id(), (cast.spring.id, cast.hageby.id, cast.bo.id)
    totals = Totals(YESTERDAY, 18, "door", cast.hageby_north.id, {"talked": 5, "not_home": 9})
    db.session.commit()
    together = threading.Barrier(4)
    answers: list[bool] = []

    def tap() -> None:
        with app.app_context():
            campaign, organisation, bo = (
                db.session.get_one(kind, key)
                for kind, key in zip((campaigns.Campaign, organisations.Organisation, Person), ids, strict=True)
            )
            db.session.rollback()
            together.wait()
            answers.append(db.repeat(lambda: late_reports.enter(report_id, campaign, organisation, totals, by=bo)))

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for each in taps:
        each.start()
    for each in taps:
        each.join()
    assert sorted(answers) == [False, False, False, True]
    assert total(cast) == (14, 5)
    assert attempts.drift() == {}


# --- taking back and changing -------------------------------------------------------------------------------


def test_undoing_takes_all_of_it_back(cast: Cast, signed_in: SignedIn) -> None:
    client, report_id = signed_in(cast.bo), db.new_id()
    log(cast, cast.alva, number=2, area=cast.hageby_north)
    send(client, cast, report=report_id, **{topic(cast, "Skolan"): "5"})
    for _ in range(2):
        answer = client.post(f"/late-reports/{report_id}/undo", data={"at": cast.norrkoping.id})
        assert answer.status_code == 303
    assert total(cast) == (2, 2)
    assert attempts.drift() == {}
    assert db.session.get_one(LateReport, report_id).undone_at == NOW
    assert part(cast).total == (0, 0)
    assert "Inga än." in client.get(answer.headers["Location"]).text


def test_another_leader_may_undo_but_only_who_entered_it_sees_it_whole(cast: Cast, signed_in: SignedIn) -> None:
    report = enter(cast, cast.bo, talked=2)
    adam = signed_in(cast.adam)
    address = f"/campaigns/{cast.spring.id}/late"
    page = adam.get(address).text
    assert "change=" not in page
    assert adam.get(f"{address}?change={report.id}").status_code == 403
    assert send(adam, cast, change=report.id).status_code == 403
    assert adam.post(f"/late-reports/{report.id}/undo").status_code == 303
    assert total(cast) == (0, 0)


def test_changing_is_undoing_and_entering_again(cast: Cast, signed_in: SignedIn) -> None:
    client, report_id = signed_in(cast.bo), db.new_id()
    send(client, cast, report=report_id, **{topic(cast, "Skolan"): "5"})
    address = f"/campaigns/{cast.spring.id}/late?change={report_id}"
    form = client.get(address).text
    for name, value in (("talked", "12"), ("not_home", "40"), (topic(cast, "Skolan"), "5")):
        assert f'name="{name}" inputmode="numeric" autocomplete="off" maxlength="7" value="{value}"' in form
    assert f'value="{cast.hageby_north.id}" selected' in form
    send(client, cast, change=report_id, talked="10", **{topic(cast, "Skolan"): "4"})
    assert total(cast) == (58, 10)
    assert attempts.drift() == {}
    assert client.get(address).status_code == 404  # it is undone


def test_two_who_change_the_same_report_do_not_count_it_twice(cast: Cast, signed_in: SignedIn) -> None:
    report = enter(cast, cast.bo, talked=2)
    totals = Totals(YESTERDAY, 18, "door", None, {"talked": 3})
    assert late_reports.enter(db.new_id(), cast.spring, cast.hageby, totals, by=cast.bo, instead_of=report)
    with pytest.raises(Refused, match="redan ändrat"):
        late_reports.enter(db.new_id(), cast.spring, cast.hageby, totals, by=cast.bo, instead_of=report)
    db.session.rollback()


def test_a_changed_report_keeps_an_area_out_of_use(cast: Cast, signed_in: SignedIn) -> None:
    report = enter(cast, cast.bo, area=cast.hageby_south)
    areas.retire(cast.hageby_south, by=cast.bo)
    form = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/late?change={report.id}").text
    assert f'value="{cast.hageby_south.id}" selected' in form


def test_who_entered_and_undid_is_on_record(cast: Cast) -> None:
    report = enter(cast, cast.bo)
    late_reports.undo(report, by=cast.adam)
    noted = [e for e in db.session.scalars(select(Entry)) if e.action.startswith("late_report.")]
    assert [(e.action, e.person_id, e.details["report"]) for e in noted] == [
        ("late_report.enter", cast.bo.id, report.id),
        ("late_report.undo", cast.adam.id, report.id),
    ]
    assert audit.broken_at() is None


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"organisation": ""}, "Välj vems siffror det är."),
        ({"happened_on": ""}, "Välj en dag."),
        ({"happened_on": "igår"}, "Skriv datumet som 2026-05-31."),
        ({"happened_on": "2026-02-28"}, "Kampanjen pågår 1 mars 2026 – 31 dec. 2026. Välj en dag däremellan."),
        ({"happened_on": "2026-05-07"}, "Dit har klockan inte hunnit än."),
        ({"happened_on": "2026-05-06", "hour": "19"}, "Dit har klockan inte hunnit än."),
        ({"hour": "24"}, "Välj ett klockslag."),
        ({"channel": "pigeon"}, "Välj ett sätt."),
        ({"area": "00000000-0000-7000-8000-000000000000"}, "Området är inte med i kampanjen."),
        ({"talked": "tolv"}, "Skriv ett heltal."),
        ({"talked": "-1"}, "Skriv ett tal mellan 0 och 10 000."),
        ({"not_home": "10001"}, "Skriv ett tal mellan 0 och 10 000."),
        ({"talked": "0", "not_home": "", "refused": " "}, "Skriv minst ett tal."),
        ({"channel": "phone"}, "Öppnade ej finns inte för Telefon och är borttaget."),
        ({"report": "x"}, "Sidan var för gammal."),
    ],
)
def test_what_cannot_be_gets_a_sentence_and_counts_nothing(
    cast: Cast, signed_in: SignedIn, changes: dict[str, str], sentence: str
) -> None:
    answer = send(signed_in(cast.bo), cast, **changes)
    assert answer.status_code == 422
    assert sentence.replace("10 000", "10\N{NARROW NO-BREAK SPACE}000") in answer.text
    assert total(cast) == (0, 0)
    if "talked" not in changes:
        assert 'value="12"' in answer.text  # still filled in


def test_a_topic_cannot_come_up_more_often_than_people_talked(cast: Cast, signed_in: SignedIn) -> None:
    answer = send(signed_in(cast.bo), cast, **{topic(cast, "Skolan"): "13"})
    assert answer.status_code == 422
    assert "fler samtal än de som fördes" in answer.text
    assert "<details open>" in answer.text
    assert total(cast) == (0, 0)


def test_numbers_left_from_another_way_are_gone_when_the_form_comes_back(cast: Cast, signed_in: SignedIn) -> None:
    answer = send(signed_in(cast.bo), cast, channel="stall")
    assert 'value="40"' not in answer.text
    assert 'value="8"' in answer.text


def test_an_area_of_another_party_branch_is_refused(cast: Cast) -> None:
    far = areas.add(cast.ojersjo, name="Öjersjö", by=cast.adam)
    with pytest.raises(Refused, match="Området är inte med"):
        enter(cast, cast.bo, area=far)


def test_paper_comes_in_while_the_campaign_closes_and_not_after(cast: Cast, signed_in: SignedIn, later: Any) -> None:
    client, report_id = signed_in(cast.bo), db.new_id()
    campaigns.close(cast.spring, by=cast.adam)
    db.session.commit()
    with later(days=2):
        assert send(client, cast, report=report_id).status_code == 303
        late = send(client, cast, happened_on="2026-05-07")
        assert "Kampanjen avslutades 6 maj 2026 18:30." in late.text
    with later(days=15):
        answer = send(client, cast)
        assert (answer.status_code, "Kampanjen är avslutad, så siffrorna" in answer.text) == (422, True)
        undone = client.post(f"/late-reports/{report_id}/undo")
        page = client.get(undone.headers["Location"]).text
        assert "Kampanjen är avslutad" in page
        assert '<form class="form late"' not in page
    assert total(cast) == (60, 12)


def test_a_draft_takes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    cast.spring.opened_at = None
    answer = send(signed_in(cast.bo), cast)
    assert (answer.status_code, "Öppna den innan du" in answer.text) == (422, True)


def test_whose_figures_it_is_must_be_theirs(cast: Cast, signed_in: SignedIn) -> None:
    hans = people.add("Hans", cast.hageby)
    people.grant(hans, "leader", cast.hageby)
    client = signed_in(hans)
    at_hageby = {"at": cast.hageby.id}
    assert send(client, cast, **at_hageby).status_code == 303
    assert send(client, cast, organisation=cast.ektorp.id, **at_hageby).status_code == 404
    assert send(client, cast, organisation=cast.norrkoping.id, **at_hageby).status_code == 403
    assert send(client, cast).status_code == 404  # looking from Norrköping
    assert total(cast) == (60, 12)


def test_a_report_of_another_campaign_cannot_be_changed_from_here(cast: Cast, signed_in: SignedIn) -> None:
    report = enter(cast, cast.bo)
    other = campaigns.create(
        cast.norrkoping,
        name="Annan",
        kind="listen",
        starts_on=YESTERDAY,
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(other)
    assert signed_in(cast.bo).get(f"/campaigns/{other.id}/late?change={report.id}").status_code == 404


# --- the form -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_from_now", "day", "hour"),
    [
        (0, "2026-05-06", "18"),  # Wednesday half past six
        (-1, "2026-05-06", "17"),  # later than that it has not been
        (-3, "2026-05-05", "18"),  # in the afternoon it is last evening's paper
        (15, "2026-05-06", "18"),
        (66, "2026-05-09", "12"),  # Saturday half past twelve
    ],
)
def test_the_form_suggests_the_evening_that_was(
    cast: Cast, signed_in: SignedIn, later: Any, hours_from_now: int, day: str, hour: str
) -> None:
    client = signed_in(cast.bo)
    with later(hours=hours_from_now):
        page = client.get(f"/campaigns/{cast.spring.id}/late").text
    assert f'type="date" value="{day}"' in page
    assert f'<option value="{hour}" selected>{hour}.00</option>' in page


def test_the_next_paper_keeps_what_the_evening_has_in_common(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    answer = send(client, cast, hour="17", channel="phone", not_home="", no_answer="3")
    page = client.get(answer.headers["Location"]).text
    assert 'value="2026-05-05"' in page
    assert '<option value="17" selected>' in page
    assert 'value="phone" checked' in page
    assert f'<option value="{cast.hageby.id}" selected>' in page
    assert f'value="{cast.hageby_north.id}" selected' not in page
    assert 'maxlength="7" value="12"' not in page


def test_whoever_is_done_goes_to_the_campaign(cast: Cast, signed_in: SignedIn) -> None:
    answer = send(signed_in(cast.bo), cast, then="campaign")
    assert answer.headers["Location"] == f"/campaigns/{cast.spring.id}?at={cast.norrkoping.id}"


def test_the_numbers_stand_in_the_order_of_each_channels_buttons() -> None:
    for offered in campaigns.CHANNELS.values():
        assert [outcome for outcome in doors.OUTCOMES if outcome in offered] == list(offered)


def test_a_leader_of_one_association_need_not_say_which(cast: Cast, signed_in: SignedIn) -> None:
    hans = people.add("Hans", cast.hageby)
    people.grant(hans, "leader", cast.hageby)
    page = signed_in(hans).get(f"/campaigns/{cast.spring.id}/late").text
    assert f'<input type="hidden" name="organisation" value="{cast.hageby.id}">' in page


def test_a_list_too_long_to_choose_from_leads_down_instead(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MOST_OFFERED", 2)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/late").text
    assert f'<input type="hidden" name="organisation" value="{cast.norrkoping.id}">' in page
    assert f'href="/campaigns/{cast.spring.id}/late?at={cast.hageby.id}"' in page


# --- marked -------------------------------------------------------------------------------------------------


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
    answer = client.get(f"/reports/totals.csv?dialect=rfc4180&campaign={cast.spring.id}&by={by}")
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
        io.BytesIO(client.get(f"/reports/totals.xlsx?campaign={cast.spring.id}&by=association").data)
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
