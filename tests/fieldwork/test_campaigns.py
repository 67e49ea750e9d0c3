"""Campaigns: from draft to closed, what is aimed at, and numbers that add up for whoever looks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, clock, db
from canvass.core.refusals import Refused
from canvass.counting import attempts, receipts, tallies
from canvass.counting.attempts import Facts
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign, Target
from canvass.insight import numbers
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log
from tests.conftest import NOW

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


def page(client: FlaskClient, campaign: Campaign, at: Organisation | None = None, **headers: str) -> str:
    answer = client.get(f"/campaigns/{campaign.id}" + (f"?at={at.id}" if at else ""), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def number(shown: str) -> int:
    return int(re.sub(r"\D", "", shown) or 0)


def figures(text: str) -> dict[str, int]:
    """The big numbers of a page by what they are called."""
    found = re.findall(r'figure-label">(.*?)</p>\s*<p class="figure-value">([^<]*)', text)
    return {label: number(value) for label, value in found}


def table(text: str, title: str) -> dict[str, tuple[int, int]]:
    """A table of the page: each row's conversations and attempts."""
    if f"<h2>{title}</h2>" not in text:
        return {}
    section = text.split(f"<h2>{title}</h2>")[1].split("</section>")[0]
    rows = {}
    for row in re.findall(r'<th scope="row">(.*?)</tr>', section, re.DOTALL):
        name = html.unescape(re.sub(r"<[^>]*>", "", row.split("</th>")[0]))
        cells = re.findall(r'<td class="num">(.*?)</td>', row)
        rows[name] = (number(cells[0]), number(cells[-2]))
    return rows


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
        found = campaigns.create(
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
    assert [topic.name for topic in campaigns.topics(made)] == ["Bussen", "Badhuset"]
    assert campaigns.targets(made) == {cast.norrkoping.id: 1200}


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
    assert (spring.name, len(campaigns.topics(spring))) == ("Vårkampanjen", 3)


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
    assert campaigns.targets(spring)[cast.norrkoping.id] == 5000  # an empty field takes nothing back


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
    campaigns.set_topics(cast.spring, ["Vården", "Bussen"])
    assert [topic.name for topic in campaigns.topics(cast.spring)] == ["Vården", "Bussen"]
    assert "Skolan" in page(signed_in(cast.bo), cast.spring)
    campaigns.set_topics(cast.spring, ["skolan"])
    (back,) = campaigns.topics(cast.spring)
    assert (back.name, back.retired_at) == ("skolan", None)
    assert tallies.by("topic", cast.spring.id, organisations.beneath(cast.hageby.id)) == {back.id: Count(6, 6)}
    assert len(campaigns.all_topics(cast.spring)) == 4


def test_a_topic_written_twice_is_one(cast: Cast) -> None:
    campaigns.set_topics(cast.spring, ["Bussen", " bussen ", "", "BUSSEN", "Badhuset", "  Buss  en"])
    assert [topic.name for topic in campaigns.topics(cast.spring)] == ["Bussen", "Badhuset", "Buss en"]
    campaigns.set_topics(cast.spring, ["Badhuset"])
    assert [topic.name for topic in campaigns.topics(cast.spring)] == ["Badhuset"]


def test_a_topic_that_few_raised_is_not_shown(cast: Cast, signed_in: SignedIn) -> None:
    """Four conversations about one thing could point at somebody's door."""
    log(cast, cast.alva, number=4, topics=["Skolan"])
    bo = signed_in(cast.bo)
    assert "Skolan" not in page(bo, cast.spring)
    log(cast, cast.alva, number=9, topics=["Vården"])
    assert "Vården" not in page(bo, cast.spring)  # the four who did not raise it would be as plain to see
    log(cast, cast.alva, number=20, topics=[])
    text = page(bo, cast.spring)
    assert "Vården" in text
    assert "Skolan" not in text
    assert "Frågor som nästan ingen, eller nästan alla, tog upp visas inte." in text
    log(cast, cast.dag, number=1, topics=["Skolan"])
    assert "Skolan" in page(bo, cast.spring)
    assert "Skolan" not in page(bo, cast.spring, cast.hageby)  # of hers alone there are still only four


# --- targets ------------------------------------------------------------------------------------------------


def history(cast: Cast, organisation: Organisation) -> list[tuple[int, int, str | None]]:
    query = select(Target).where(Target.campaign_id == cast.spring.id, Target.organisation_id == organisation.id)
    return [(t.revision, t.number, t.set_by_id) for t in db.session.scalars(query.order_by(Target.revision))]


def test_a_target_is_revised_and_never_rewritten(cast: Cast) -> None:
    for agreed, who in ((6000, cast.bo), (6000, cast.cia), (5000, cast.bo), (None, cast.bo)):
        campaigns.set_target(cast.spring, cast.norrkoping, agreed, by=who)
    assert history(cast, cast.norrkoping) == [
        (1, 5000, cast.adam.id),
        (2, 6000, cast.bo.id),
        (3, 5000, cast.bo.id),
    ]
    assert campaigns.targets(cast.spring) == {cast.norrkoping.id: 5000}


def test_the_plan_line_knows_what_the_target_has_been_and_since_when(cast: Cast, later: Callable[..., Any]) -> None:
    with later(days=3):
        campaigns.set_target(cast.spring, cast.norrkoping, 6000, by=cast.bo)
        campaigns.set_target(cast.spring, cast.norrkoping, 70, area_id=cast.hageby_north.id, by=cast.bo)
    revisions = [(clock.today(), 5000), (clock.today() + timedelta(days=3), 6000)]
    assert campaigns.target_revisions(cast.spring, cast.norrkoping.id) == revisions
    assert campaigns.target_revisions(cast.spring, cast.hageby.id) == []
    assert campaigns.targets(cast.spring) == {cast.norrkoping.id: 6000}  # an area's is nobody's own


def test_an_organisation_outside_the_campaign_has_no_target_in_it(cast: Cast) -> None:
    for organisation in (cast.linkoping, cast.ostergotland, cast.partille):
        with pytest.raises(Refused):
            campaigns.set_target(cast.spring, organisation, 10)


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


# --- the numbers --------------------------------------------------------------------------------------------


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Sixty attempts over everything, some undone and some corrected: the same ones every time."""
    random = Random(7)
    grounds = [None, cast.hageby_north, cast.hageby_south, cast.ektorp_hill]
    names = [topic.name for topic in campaigns.topics(cast.spring)]
    for _ in range(60):
        who, channel = random.choice([cast.alva, cast.dag, cast.bo]), random.choice(list(campaigns.CHANNELS))
        attempt = log(
            cast,
            who,
            random.choice(campaigns.CHANNELS[channel]),
            random.randint(1, 9),
            area=random.choice(grounds),
            channel=channel,
            days_ago=random.choice([0, 1, 1, 4]),
            topics=random.sample(names, random.randint(0, 2)),
        )
        if random.random() < 0.3:
            undone = random.random() < 0.5
            facts = None if undone else Facts(None, "stall", "talked", random.randint(1, 9), [])
            attempts.log(
                attempt,
                author=who,
                campaign_id=cast.spring.id,
                organisation_id=who.association_id,
                happened_at=NOW,
                facts=facts,
                rev=2,
                is_first=False,
            )
    return cast


def test_every_table_adds_up_to_the_total_wherever_one_stands(busy: Cast, signed_in: SignedIn) -> None:
    truth = [attempt for attempt in db.session.scalars(select(attempts.Attempt)) if not attempt.is_deleted]
    bo = signed_in(busy.bo)
    for node in (busy.norrkoping, busy.hageby, busy.ektorp):
        line = set(db.session.scalars(organisations.beneath(node.id)))
        mine = [attempt for attempt in truth if attempt.organisation_id in line]
        text = page(bo, busy.spring, node)
        talked = sum(attempt.number for attempt in mine if attempt.outcome == "talked")
        total = (talked, sum(attempt.number for attempt in mine))
        shown = figures(text)
        assert (shown["Samtal"], shown["Försök"]) == total
        assert total[0] > 20
        for title in ("Per organisation", "Per område", "Per sätt", "Per dag"):
            rows = table(text, title)
            if rows or title != "Per organisation":
                sums = tuple(map(sum, zip(*rows.values(), strict=True)))
                assert sums == total, (node.name, title)
    assert attempts.drift() == {}


def test_each_association_has_its_line_and_what_is_nobodys_has_one_too(busy: Cast, signed_in: SignedIn) -> None:
    rows = table(page(signed_in(busy.bo), busy.spring), "Per organisation")
    assert list(rows) == ["Ektorp s-förening", "Hageby s-förening", "Direkt under Norrköping"]
    own = tallies.by_organisation(busy.spring.id, organisations.beneath(busy.norrkoping.id))
    assert rows["Direkt under Norrköping"][1] == own[busy.norrkoping.id].attempts > 0


def test_an_area_without_anything_is_shown_with_zero_and_a_quiet_day_too(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, days_ago=3, area=cast.hageby_north)
    log(cast, cast.alva, "not_home")
    text = page(signed_in(cast.bo), cast.spring)
    assert table(text, "Per område") == {
        "Ektorpshöjden": (0, 0),
        "Hageby norra": (1, 1),
        "Hageby södra": (0, 0),
        "Utan område": (0, 1),
    }
    assert table(text, "Per dag") == {"6 maj": (0, 1), "5 maj": (0, 0), "4 maj": (0, 0), "3 maj": (1, 1)}
    assert figures(text)["Idag"] == 0


def test_remaining_attainment_and_rate_are_said_plainly(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=40)
    log(cast, cast.alva, "not_home", 40)
    text = page(signed_in(cast.bo), cast.spring).replace("\u202f", " ").replace("\xa0", " ")
    assert "4 960 samtal kvar till målet" in text
    assert "50 %" in text
    counted = numbers.numbers(cast.spring, cast.norrkoping)
    assert (counted.remaining, counted.attainment) == (4960, 0.008)
    campaigns.set_target(cast.spring, cast.norrkoping, 30)
    assert "Målet är nått!" in page(signed_in(cast.bo), cast.spring)
    assert numbers.numbers(cast.spring, cast.norrkoping).remaining == 0
    campaigns.set_target(cast.spring, cast.norrkoping, 0)
    assert page(signed_in(cast.bo), cast.spring)


def test_one_drills_down_and_never_out(busy: Cast, signed_in: SignedIn) -> None:
    bo, alva = signed_in(busy.bo), signed_in(busy.alva)
    text = page(bo, busy.spring)
    assert f'<a href="?at={busy.hageby.id}">Hageby s-förening</a>' in text
    assert f'<a href="?at={busy.norrkoping.id}">Norrköping</a> ›' in page(bo, busy.spring, busy.hageby)
    assert figures(page(bo, busy.spring, busy.hageby)) == figures(page(alva, busy.spring)) | {"Att granska": 0}
    for node in (busy.norrkoping, busy.ektorp, busy.partille, busy.ostergotland):
        assert alva.get(f"/campaigns/{busy.spring.id}?at={node.id}").status_code == 404, node.name
    for node in (busy.linkoping, busy.ostergotland, busy.partille):
        assert bo.get(f"/campaigns/{busy.spring.id}?at={node.id}").status_code == 404, node.name


def test_somebody_of_two_associations_can_look_at_each(busy: Cast, signed_in: SignedIn) -> None:
    people.grant(busy.alva, "volunteer", busy.ektorp)
    text = page(signed_in(busy.alva), busy.spring)
    assert "Dina organisationer" in text
    assert f'href="?at={busy.ektorp.id}"' in text


def test_a_moved_association_takes_its_counts_along_without_a_recount(busy: Cast) -> None:
    year = campaigns.create(
        busy.ostergotland,
        name="Distriktets år",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(year)
    log(busy, busy.alva, number=11, campaign=year)
    log(busy, busy.dag, number=5, campaign=year)

    def talked(campaign: Campaign, node: Organisation) -> int:
        return numbers.numbers(campaign, node).total.conversations

    before = [talked(year, node) for node in (busy.ostergotland, busy.norrkoping, busy.linkoping)]
    organisations.move(busy.hageby, busy.linkoping)
    after = [talked(year, node) for node in (busy.ostergotland, busy.norrkoping, busy.linkoping)]
    assert (before, after) == ([16, 16, 0], [16, 5, 11])
    assert attempts.drift() == {}


def test_what_waits_on_phones_is_said_as_a_number(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    receipts.note_gaps(receipts.phone(db.new_id(), cast.alva), 3, 0)
    receipts.note_gaps(receipts.phone(db.new_id(), cast.dag), 1, 0)
    text = page(signed_in(cast.bo), cast.spring)
    assert figures(text)["Väntar på telefoner"] == 4
    assert "på 2 telefoner" in text
    with later(days=4):
        text = page(signed_in(cast.bo), cast.spring)
        assert figures(text)["Väntar på telefoner"] == 0
        assert "4 loggade uppgifter har inte kommit fram" in text
        assert "den första sedan 6 maj 2026" in text


# --- live ---------------------------------------------------------------------------------------------------


def test_the_part_is_the_page_without_its_frame(busy: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(busy.bo)
    whole, part = page(bo, busy.spring), page(bo, busy.spring, **{"HX-Request": "true"})
    assert "<html" in whole
    assert "<html" not in part
    assert "<h1" not in part
    assert part.strip() in whole
    # Asked for by the stream's script alone, and never by a clock: a page that streams does not poll.
    assert f'data-live="/campaigns/{busy.spring.id}/live?at={busy.norrkoping.id}"' in whole
    assert f'data-part="/campaigns/{busy.spring.id}?at={busy.norrkoping.id}"' in whole
    assert "every" not in whole


def test_what_has_not_changed_is_not_sent_again(cast: Cast, signed_in: SignedIn) -> None:
    address = f"/campaigns/{cast.spring.id}"
    bo = signed_in(cast.bo)
    for encoding in ("identity", "gzip", "br"):
        asking = {"HX-Request": "true", "Accept-Encoding": encoding}
        first = bo.get(address, headers=asking)
        asking["If-None-Match"] = first.headers["ETag"]
        again = bo.get(address, headers=asking)
        assert (first.status_code, again.status_code, again.data) == (200, 304, b""), encoding
        assert {"HX-Request", "Cookie"} <= {word.strip() for word in first.headers["Vary"].split(",")}
        log(cast, cast.alva)
        changed = bo.get(address, headers=asking)
        assert (changed.status_code, changed.headers["ETag"] != first.headers["ETag"]) == (200, True), encoding
    adams = signed_in(cast.adam).get(f"{address}?at={cast.hageby.id}", headers=asking)
    assert adams.status_code == 200


def test_every_change_raises_the_pulse(cast: Cast) -> None:
    beats = [tallies.pulse(cast.spring.id)]
    attempt = log(cast, cast.alva)
    beats.append(tallies.pulse(cast.spring.id))
    log(cast, cast.dag, "not_home")
    beats.append(tallies.pulse(cast.spring.id))
    attempts.log(
        attempt,
        author=cast.alva,
        campaign_id=cast.spring.id,
        organisation_id=cast.hageby.id,
        happened_at=NOW,
        facts=None,
        rev=2,
        is_first=False,
    )
    beats.append(tallies.pulse(cast.spring.id))
    assert beats == sorted(set(beats))
