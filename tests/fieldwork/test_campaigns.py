"""Campaigns: from draft to closed, what is aimed at, and numbers that add up for whoever looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, clock, db
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns, targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.targets import Target
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log, new_campaign
from tests.conftest import NOW
from tests.insight.campaign_page import figures, page

SignedIn = Callable[[Person], FlaskClient]
FORM: dict[str, Any] = {
    "name": "Höstkampanjen",
    "kind": "petition",
    "target": "1 200",
    "starts_on": "2026-09-01",
    "ends_on": "2026-10-31",
    "channels": ["phone", "digital"],
    "topics": "Bussen\nBadhuset",
    "script": "Hej!",
    "rhythm": "weekends",
}


def wrong_fields(text: str) -> set[str]:
    return set(re.findall(r'id="f-([\w-]+)-wrong"', text))


# --- the list -----------------------------------------------------------------------------------------------


def test_everybody_sees_their_campaigns_from_where_they_stand(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=7)
    log(cast, cast.dag, number=4)
    seen = {}
    for who in (cast.alva, cast.dag, cast.bo, cast.cia, cast.adam, cast.esa):
        text = signed_in(who).get("/campaigns").text
        seen[who.name] = figures(text).get("Samtal") if "Vårkampanjen" in text else None
    assert seen == {"Alva": 7, "Dag": 4, "Bo": 11, "Cia": 11, "Adam": 11, "Esa": None}


def test_what_is_above_is_taken_part_in_and_what_is_beside_is_not(cast: Cast) -> None:
    def begun(organisation: Organisation) -> Campaign:
        found = new_campaign(
            organisation,
            name=organisation.name,
            kind="listen",
            starts_on=NOW.date(),
            ends_on=NOW.date(),
            channels=["door"],
            topics=[],
            target=None,
        )
        campaigns.open_(found)
        return found

    for organisation in (cast.ostergotland, cast.hageby, cast.ektorp, cast.linkoping, cast.partille):
        begun(organisation)
    seen = {who.name: {campaign.name for campaign in campaigns.seen_by(who)} for who in (cast.alva, cast.bo, cast.esa)}
    assert seen == {
        "Alva": {"Östergötland", "Vårkampanjen", "Hageby s-förening"},
        "Bo": {"Östergötland", "Vårkampanjen", "Hageby s-förening", "Ektorp s-förening"},
        "Esa": {"Partille"},
    }
    assert {campaign.name for campaign in campaigns.to_log_in(cast.alva)} == seen["Alva"]


# --- states -------------------------------------------------------------------------------------------------


def test_a_campaign_goes_from_draft_to_closed_with_the_clock(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    bo = signed_in(cast.bo)
    address = bo.post("/campaigns", data=FORM | {"organisation": cast.norrkoping.id}).headers["Location"]
    draft = db.session.get_one(Campaign, address.split("/")[-1])
    assert (draft.state, "Utkast" in bo.get(address).text) == ("draft", True)
    assert draft.id not in {campaign.id for campaign in campaigns.to_log_in(cast.alva)}

    bo.post(f"{address}/state", data={"state": "open"})
    assert draft.state == "open"
    assert draft.id in {campaign.id for campaign in campaigns.to_log_in(cast.alva)}

    bo.post(f"{address}/state", data={"state": "close"})
    assert draft.state == "closing"
    assert "till och med 20 maj 2026" in bo.get(address).text
    assert draft.id in {campaign.id for campaign in campaigns.to_log_in(cast.alva)}  # her phone may hold some still
    with later(days=14, seconds=-1):
        assert draft.state == "closing"
    with later(days=14):
        assert draft.state == "closed"
        assert draft.id not in {campaign.id for campaign in campaigns.to_log_in(cast.alva)}
        assert "Kampanjen är avslutad." in signed_in(cast.bo).get(address).text
        signed_in(cast.bo).post(f"{address}/state", data={"state": "open"})
        assert draft.state == "open"


def test_a_closing_campaign_takes_what_happened_before_the_close_and_nothing_after(
    cast: Cast, later: Callable[..., Any]
) -> None:
    campaigns.close(cast.spring)
    before, after = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
    assert campaigns.accepts(cast.spring, before)
    assert campaigns.accepts(cast.spring, NOW)
    assert not campaigns.accepts(cast.spring, after)
    with later(days=14):
        assert not campaigns.accepts(cast.spring, before)


def test_closing_twice_does_not_prolong_it(cast: Cast, later: Callable[..., Any]) -> None:
    campaigns.close(cast.spring)
    with later(days=10):
        campaigns.close(cast.spring)
    assert cast.spring.closing_at == NOW


def test_a_draft_cannot_be_closed_nor_anything_by_a_slip(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for state in ("", "closed", "draft", "OPEN"):
        bo.post(f"/campaigns/{cast.spring.id}/state", data={"state": state})
        assert db.session.get_one(Campaign, cast.spring.id).state == "open", state
    cast.spring.opened_at = None
    bo.post(f"/campaigns/{cast.spring.id}/state", data={"state": "close"})
    assert db.session.get_one(Campaign, cast.spring.id).state == "draft"


def test_a_campaign_past_its_last_day_says_so_and_goes_on(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    assert "Sista dagen har passerat" not in page(signed_in(cast.bo), cast.spring)
    with later(days=300):
        assert "Sista dagen har passerat" in page(signed_in(cast.bo), cast.spring)
        assert "Sista dagen har passerat" not in page(signed_in(cast.cia), cast.spring)  # she cannot do it
        assert campaigns.accepts(cast.spring, clock.now())


def test_only_those_who_lead_it_have_the_buttons(cast: Cast, signed_in: SignedIn) -> None:
    buttons = ("/edit", "/targets", "/state", "/join", "/reports?")
    has = {}
    for who in (cast.alva, cast.cia, cast.bo):
        text = page(signed_in(who), cast.spring)
        has[who.name] = [button for button in buttons if button in text]
    assert has == {"Alva": [], "Cia": ["/reports?"], "Bo": list(buttons)}


# --- the form -----------------------------------------------------------------------------------------------


def test_a_campaign_can_be_opened_at_once(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    answer = bo.post("/campaigns", data=FORM | {"organisation": cast.norrkoping.id, "open": "yes"})
    assert answer.status_code == 303
    made = db.session.get_one(Campaign, answer.headers["Location"].split("/")[-1])
    assert (made.name, made.kind, made.state, made.script) == ("Höstkampanjen", "petition", "open", "Hej!")
    assert made.channels == ["phone", "digital"]
    assert [topic.name for topic in topics.offered(made)] == ["Bussen", "Badhuset"]
    assert targets.agreed(made) == {cast.norrkoping.id: 1200}


WRONG = FORM | {
    "name": " ",
    "target": "tusen",
    "ends_on": "2026-08-31",
    "channels": [],
    "script": "x" * 5001,
    "topics": "Simhallen",
    "kind": "other",
    "rhythm": "allegro",
}


@pytest.mark.parametrize("door", ["new", "edit"])
def test_all_that_is_wrong_is_said_and_all_that_was_typed_stays(cast: Cast, signed_in: SignedIn, door: str) -> None:
    bo = signed_in(cast.bo)
    address = "/campaigns" if door == "new" else f"/campaigns/{cast.spring.id}/edit"
    answer = bo.post(address, data=WRONG | {"organisation": cast.norrkoping.id})
    assert answer.status_code == 422
    assert wrong_fields(answer.text) == {"name", "target", "ends_on", "channels", "script", "rhythm"}
    assert 'value="tusen"' in answer.text
    assert 'value="2026-08-31"' in answer.text
    assert "Simhallen</textarea>" in answer.text
    assert re.search(r'value="other" checked', answer.text)
    assert "channels" in answer.text
    assert ' name="channels" value="phone" checked' not in answer.text
    assert len(db.session.scalars(select(Campaign)).all()) == 1
    spring = db.session.get_one(Campaign, cast.spring.id)
    assert (spring.name, len(topics.offered(spring))) == ("Vårkampanjen", 3)


def test_the_form_is_filled_in_with_what_is(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    text = bo.get(f"/campaigns/{cast.spring.id}/edit").text
    assert 'value="Vårkampanjen"' in text
    assert 'value="5000"' in text
    assert "Skolan\nVården\nTryggheten</textarea>" in text
    assert text.count("checked") == len(campaigns.CHANNELS) + 1
    changed = FORM | {"name": cast.spring.name, "target": ""}
    assert bo.post(f"/campaigns/{cast.spring.id}/edit", data=changed).status_code == 303
    spring = db.session.get_one(Campaign, cast.spring.id)
    assert (spring.channels, spring.rhythm, spring.state) == (["phone", "digital"], "weekends", "open")
    assert targets.agreed(spring)[cast.norrkoping.id] == 5000  # an empty field takes nothing back


def test_what_was_typed_is_shown_as_text(cast: Cast, signed_in: SignedIn) -> None:
    nasty = "</textarea><script>alert(1)</script>\"'>"
    bo = signed_in(cast.bo)
    changed = FORM | {"name": nasty, "topics": nasty, "script": nasty}
    assert bo.post(f"/campaigns/{cast.spring.id}/edit", data=changed).status_code == 303
    for address in ("/campaigns", f"/campaigns/{cast.spring.id}", f"/campaigns/{cast.spring.id}/edit", "/reports"):
        text = bo.get(address).text
        assert "<script>alert" not in text, address
        assert "</textarea><script" not in text, address


def test_a_campaign_lasts_a_day_or_some_years_but_not_for_ever(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for first, last, status in [
        ("2026-05-06", "2026-05-06", 303),
        ("2022-09-12", "2026-09-13", 303),  # from one election to the next
        ("2026-05-06", "2126-05-06", 422),
        ("0026-05-06", "2026-05-06", 422),
        ("2026-05-06", "9999-12-31", 422),
        ("20226-05-06", "20226-05-07", 422),
    ]:
        form = FORM | {"organisation": cast.norrkoping.id, "starts_on": first, "ends_on": last, "open": "yes"}
        answer = bo.post("/campaigns", data=form)
        assert answer.status_code == status, (first, last)
        if status == 303:
            assert bo.get(answer.headers["Location"] + "/join").status_code == 200


# --- topics -------------------------------------------------------------------------------------------------


def test_a_topic_that_is_no_longer_offered_keeps_its_count(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=6, topics=["Skolan"])
    topics.offer(cast.spring, ["Vården", "Bussen"])
    assert [topic.name for topic in topics.offered(cast.spring)] == ["Vården", "Bussen"]
    assert "Skolan" in page(signed_in(cast.bo), cast.spring)
    topics.offer(cast.spring, ["skolan"])
    (back,) = topics.offered(cast.spring)
    assert (back.name, back.retired_at) == ("skolan", None)
    assert tallies.by("topic", cast.spring.id, organisations.beneath(cast.hageby.id)) == {back.id: Count(6, 6)}
    assert len(topics.all_of(cast.spring)) == 4


def test_a_topic_written_twice_is_one(cast: Cast) -> None:
    topics.offer(cast.spring, ["Bussen", " bussen ", "", "BUSSEN", "Badhuset", "  Buss  en"])
    assert [topic.name for topic in topics.offered(cast.spring)] == ["Bussen", "Badhuset", "Buss en"]
    topics.offer(cast.spring, ["Badhuset"])
    assert [topic.name for topic in topics.offered(cast.spring)] == ["Badhuset"]


# --- targets ------------------------------------------------------------------------------------------------


def history(cast: Cast, organisation: Organisation) -> list[tuple[int, int, str | None]]:
    query = select(Target).where(Target.campaign_id == cast.spring.id, Target.organisation_id == organisation.id)
    return [(t.revision, t.number, t.set_by_id) for t in db.session.scalars(query.order_by(Target.revision))]


def test_a_target_is_revised_and_never_rewritten(cast: Cast) -> None:
    for agreed, who in ((6000, cast.bo), (6000, cast.cia), (5000, cast.bo), (None, cast.bo)):
        targets.agree(cast.spring, cast.norrkoping, agreed, by=who)
    assert history(cast, cast.norrkoping) == [
        (1, 5000, cast.adam.id),
        (2, 6000, cast.bo.id),
        (3, 5000, cast.bo.id),
    ]
    assert targets.agreed(cast.spring) == {cast.norrkoping.id: 5000}


def test_the_plan_line_knows_what_the_target_has_been_and_since_when(cast: Cast, later: Callable[..., Any]) -> None:
    with later(days=3):
        targets.agree(cast.spring, cast.norrkoping, 6000, by=cast.bo)
        targets.agree(cast.spring, cast.norrkoping, 70, area_id=cast.hageby_north.id, by=cast.bo)
    revisions = [(clock.today(), 5000), (clock.today() + timedelta(days=3), 6000)]
    assert targets.revisions(cast.spring, cast.norrkoping.id) == revisions
    assert targets.revisions(cast.spring, cast.hageby.id) == []
    assert targets.agreed(cast.spring) == {cast.norrkoping.id: 6000}  # an area's is nobody's own


def test_an_organisation_outside_the_campaign_has_no_target_in_it(cast: Cast) -> None:
    for organisation in (cast.linkoping, cast.ostergotland, cast.partille):
        with pytest.raises(Refused):
            targets.agree(cast.spring, organisation, 10)


def test_what_is_done_to_a_campaign_stands_in_the_audit(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    address = f"/campaigns/{cast.spring.id}"
    bo.post(f"{address}/edit", data=FORM)
    bo.post(f"{address}/state", data={"state": "close"})
    query = select(audit.Entry).where(audit.Entry.person_id == cast.bo.id).order_by(audit.Entry.number.desc()).limit(3)
    assert [(entry.action, entry.organisation_id) for entry in db.session.scalars(query)][::-1] == [
        ("campaign.edit", cast.norrkoping.id),
        ("target.set", cast.norrkoping.id),
        ("campaign.close", cast.norrkoping.id),
    ]
    assert audit.broken_at() is None
