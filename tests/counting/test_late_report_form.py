"""The form for a late report: what it refuses and what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from canvass.core import db
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, campaigns
from canvass.members import people
from canvass.members.people import Person
from canvass.web.counting import late_reports as views
from tests.cast import Cast, new_campaign
from tests.conftest import NOW
from tests.counting.papers import YESTERDAY, enter, send, topic, total

SignedIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"organisation": ""}, "Välj vems siffror det är."),
        ({"happened_on": ""}, "Välj en dag."),
        ({"happened_on": "igår"}, "Skriv datumet som 2026-05-31, med ett årtal mellan 1990 och 2099."),
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
    other = new_campaign(
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
    assert f'<option value="{hour}" selected>{hour}:00</option>' in page


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
        assert [outcome for outcome in views.OUTCOMES if outcome in offered] == list(offered)


def test_a_leader_of_one_association_need_not_say_which(cast: Cast, signed_in: SignedIn) -> None:
    hans = people.add("Hans", cast.hageby)
    people.grant(hans, "leader", cast.hageby)
    page = signed_in(hans).get(f"/campaigns/{cast.spring.id}/late").text
    assert f'<input type="hidden" name="organisation" value="{cast.hageby.id}">' in page


def test_a_list_too_long_to_choose_from_leads_down_instead(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_OFFERED", 2)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/late").text
    assert f'<input type="hidden" name="organisation" value="{cast.norrkoping.id}">' in page
    assert f'href="/campaigns/{cast.spring.id}/late?at={cast.hageby.id}"' in page


# --- marked -------------------------------------------------------------------------------------------------
