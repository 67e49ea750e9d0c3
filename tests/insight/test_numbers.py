"""A campaign's numbers: they add up for whoever looks, and what could point at somebody is not among them."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.counting import attempts, receipts, tallies
from canvass.counting.attempts import Facts
from canvass.fieldwork import campaigns, targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import numbers
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log, new_campaign, plan_shift, undo
from tests.conftest import NOW
from tests.insight.campaign_page import figures, page, table

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Sixty attempts over everything, some undone and some corrected: the same ones every time."""
    random = Random(7)
    grounds = [None, cast.hageby_north, cast.hageby_south, cast.ektorp_hill]
    names = [topic.name for topic in topics.offered(cast.spring)]
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
                attempts.Change(
                    attempt,
                    author_id=who.id,
                    campaign_id=cast.spring.id,
                    organisation_id=who.association_id,
                    happened_at=NOW,
                    facts=facts,
                    rev=2,
                    is_first=False,
                )
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


def test_remaining_and_rate_are_said_plainly(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=40)
    log(cast, cast.alva, "not_home", 40)
    text = page(signed_in(cast.bo), cast.spring).replace("\u202f", " ").replace("\xa0", " ")
    assert "4 960 samtal kvar till målet" in text
    assert "50 %" in text
    assert numbers.numbers(cast.spring, cast.norrkoping).remaining == 4960
    targets.agree(cast.spring, cast.norrkoping, 30)
    assert "Målet är nått!" in page(signed_in(cast.bo), cast.spring)
    assert numbers.numbers(cast.spring, cast.norrkoping).remaining == 0
    targets.agree(cast.spring, cast.norrkoping, 0)
    assert page(signed_in(cast.bo), cast.spring)


def test_one_drills_down_and_never_out(busy: Cast, signed_in: SignedIn) -> None:
    bo, alva = signed_in(busy.bo), signed_in(busy.alva)
    text, address = page(bo, busy.spring), f"/campaigns/{busy.spring.id}"
    assert f'<a href="{address}?at={busy.hageby.id}">Hageby s-förening</a>' in text
    assert f'<a href="{address}?at={busy.norrkoping.id}">Norrköping</a> ›' in page(bo, busy.spring, busy.hageby)
    assert figures(page(bo, busy.spring, busy.hageby)) == figures(page(alva, busy.spring)) | {"Att granska": 0}
    for node in (busy.norrkoping, busy.ektorp, busy.partille, busy.ostergotland):
        assert alva.get(f"/campaigns/{busy.spring.id}?at={node.id}").status_code == 404, node.name
    for node in (busy.linkoping, busy.ostergotland, busy.partille):
        assert bo.get(f"/campaigns/{busy.spring.id}?at={node.id}").status_code == 404, node.name


def test_somebody_of_two_associations_can_look_at_each(busy: Cast, signed_in: SignedIn) -> None:
    people.grant(busy.alva, "volunteer", busy.ektorp)
    text = page(signed_in(busy.alva), busy.spring)
    assert "Dina organisationer" in text
    assert f'href="/campaigns/{busy.spring.id}?at={busy.ektorp.id}"' in text


def test_a_moved_association_takes_its_counts_along_without_a_recount(busy: Cast) -> None:
    year = new_campaign(
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
    for person, made in ((cast.alva, 3), (cast.dag, 1)):
        found = receipts.phones({db.new_id(): (person.id, person.association_id)}).values()
        for phone in found:
            receipts.note_gaps(phone, (), made, made)
        receipts.save(found)
    text = page(signed_in(cast.bo), cast.spring)
    assert figures(text)["Väntar på telefoner"] == 4
    assert "på 2 telefoner" in text
    with later(days=4):
        text = page(signed_in(cast.bo), cast.spring)
        assert figures(text)["Väntar på telefoner"] == 0
        assert "4 loggade uppgifter har inte kommit fram" in text
        assert "den första sedan 6 maj 2026" in text


def test_the_part_is_the_page_without_its_frame(busy: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(busy.bo)
    whole, part = page(bo, busy.spring), page(bo, busy.spring, None, **{"HX-Request": "true"})
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
    undo(cast, cast.alva, attempt)
    beats.append(tallies.pulse(cast.spring.id))
    assert beats == sorted(set(beats))


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


def test_every_number_says_whose_it_is(cast: Cast, signed_in: SignedIn) -> None:
    """A volunteer's phone shows the whole campaign, its page her association: they must not look like one another."""
    targets.agree(cast.spring, cast.hageby, 1100)
    log(cast, cast.alva, number=7)
    log(cast, cast.dag, number=4)
    shift = plan_shift(cast)
    at = f"/campaigns/{cast.spring.id}"
    alva = signed_in(cast.alva).get(at).text.replace("\u202f", " ").replace("\xa0", " ")
    assert "Samtal i Hageby s-förening" in alva
    assert "Hela kampanjen i Norrköping: 11 av 5 000 samtal" in alva
    bo = signed_in(cast.bo).get(at).text
    assert "Samtal i Norrköping" in bo
    assert "Hela kampanjen" not in bo
    pages = ["", "/hours", "/shifts", "/visits", "/map", f"/map/{cast.hageby_north.id}", "/targets"]
    for who, node in ((cast.alva, cast.hageby), (cast.bo, cast.norrkoping), (cast.bo, cast.ektorp)):
        for part in pages if who is cast.bo else pages[:-1]:
            answer = signed_in(who).get(f"{at}{part}?at={node.id}")
            main = answer.text.partition("<main")[2]
            assert answer.status_code == 200, part
            assert node.name in re.sub(r"<(select|option).*?</\1>", "", main, flags=re.DOTALL), (who.name, part)
    assert shift.organisation.name in signed_in(cast.alva).get(f"/shifts/{shift.id}").text
