"""Totals from paper count once, as what they are, and go as easily as they came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from canvass.core import audit, db
from canvass.core.audit import Entry
from canvass.core.refusals import Refused
from canvass.counting import attempts, late_reports, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.late_reports import LateReport, Totals
from canvass.fieldwork import areas, campaigns
from canvass.members import organisations
from canvass.members.people import Person
from tests.cast import Cast, log
from tests.conftest import NOW
from tests.counting.papers import YESTERDAY, enter, part, send, topic, total

SignedIn = Callable[[Person], FlaskClient]

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
    report_id, spring_id, hageby_id, bo_id = db.new_id(), cast.spring.id, cast.hageby.id, cast.bo.id
    totals = Totals(YESTERDAY, 18, "door", cast.hageby_north.id, {"talked": 5, "not_home": 9})
    db.session.commit()
    together = threading.Barrier(4)
    answers: list[bool] = []

    def tap() -> None:
        with app.app_context():
            campaign = db.session.get_one(campaigns.Campaign, spring_id)
            organisation = db.session.get_one(organisations.Organisation, hageby_id)
            bo = db.session.get_one(Person, bo_id)
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


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
def test_every_hour_of_the_nights_when_the_clocks_change_is_counted_and_undone(
    cast: Cast, later: Callable[..., Any], night: date
) -> None:
    with later(days=200):
        for hour in range(24):
            totals = Totals(night, hour, "door", cast.hageby_north.id, {"talked": 5, "not_home": 2})
            report_id = db.new_id()
            assert late_reports.enter(report_id, cast.spring, cast.hageby, totals, by=cast.bo)
            assert attempts.drift() == {}, hour
            report = db.session.get_one(LateReport, report_id)
            assert report.happened_on == night
            assert late_reports.undo(report, by=cast.bo)
            assert tallies.everything() == {}, hour
