"""A leader admits or dismisses what was held."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, clock, db
from canvass.core.refusals import Refused
from canvass.counting import attempts, quarantine, sync
from canvass.counting.attempts import Attempt
from canvass.counting.quarantine import Held
from canvass.fieldwork import areas, campaigns
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW
from tests.counting.held import NOBODY, another, hold, the_held, total
from tests.counting.phone import Phone

SignedIn = Callable[[Person], FlaskClient]


def test_what_a_leader_admits_counts_once_and_the_phone_hears_of_it(
    cast: Cast, phone: Phone, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    operation, held = hold(cast, phone, at=clock.text(NOW - timedelta(hours=5)))
    bo = signed_in(cast.bo)
    with later(days=2):
        assert bo.post(f"/quarantine/{held.id}/admit").headers["Location"] == "/quarantine"
    assert "räknad" in bo.get("/quarantine").text
    assert total(cast) == (60, 60)
    attempt = db.session.get_one(Attempt, operation["attempt"])
    assert attempt.happened_on == NOW.date()  # when it took place, not when it was judged
    assert (attempt.author_id, attempt.organisation_id) == (cast.alva.id, cast.hageby.id)
    assert phone.verdicts(operation, operation) == ["duplicate", "duplicate"]
    assert total(cast) == (60, 60)
    assert attempts.drift() == {}
    change = phone.operation(cast, kind="edit", attempt=operation["attempt"], rev=2, base=1, data={"n": 6})
    assert phone.verdicts(change) == ["stored"]
    assert total(cast) == (6, 6)


def test_admitting_forgives_what_can_be_forgiven(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    draft = another(cast.norrkoping)
    theirs = another(cast.partille)
    campaigns.open_(theirs)
    hill = areas.add(cast.partille, name="Backen", by=cast.esa)
    operations = [
        phone.operation(cast, campaign=draft.id),
        phone.operation(cast, campaign=theirs.id),
        phone.operation(cast, data={"area": hill.id}),
        phone.operation(cast, data={"n": 51}),
    ]
    assert phone.verdicts(*operations) == ["quarantined"] * 4
    bo = signed_in(cast.bo)
    for held in db.session.scalars(select(Held)).all():
        bo.post(f"/quarantine/{held.id}/admit")
    assert {held.decision for held in db.session.scalars(select(Held))} == {"admitted"}
    assert total(cast) == (52, 52)
    without_area = db.session.get_one(Attempt, operations[2]["attempt"])
    assert without_area.area_id is None  # it counts, and not on ground that is another's
    assert attempts.drift() == {}


def test_what_nobody_can_understand_can_only_be_dismissed(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for changes in ({"schema": 2}, {"kind": "invent"}, {"campaign": NOBODY}):
        phone.send(phone.operation(cast, **changes))
    phone.send(phone.operation(cast, data={"channel": "stall", "outcome": "not_home"}))
    for held in db.session.scalars(select(Held)).all():
        assert bo.post(f"/quarantine/{held.id}/admit").status_code == 303
        assert html.escape(quarantine.sentence(held.code)) in bo.get("/quarantine").text
        with pytest.raises(Refused):
            sync.admit(held, by=cast.bo)
        db.session.rollback()
        assert (db.session.get_one(Held, held.id).decision, total(cast)) == ("", (0, 0))
        bo.post(f"/quarantine/{held.id}/dismiss")
        assert db.session.get_one(Held, held.id).decision == "dismissed"


def test_of_two_contents_under_one_number_the_admitted_one_is_right(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    first = phone.operation(cast, data={"n": 3})
    phone.send(first)
    other = {**first, "data": {**first["data"], "n": 5}}
    assert phone.send(other).json["results"][0]["code"] == "conflict"
    signed_in(cast.bo).post(f"/quarantine/{the_held().id}/admit")
    assert total(cast) == (5, 5)
    assert phone.verdicts(first, other) == ["duplicate", "duplicate"]
    assert total(cast) == (5, 5)
    assert attempts.drift() == {}


# --- left uncounted -----------------------------------------------------------------------------------------


def test_what_is_dismissed_stays_on_record_and_uncounted(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    operation, held = hold(cast, phone)
    bo = signed_in(cast.bo)
    assert "60 × Samtal" in bo.get("/quarantine").text
    bo.post(f"/quarantine/{held.id}/dismiss")
    assert "60 × Samtal" not in bo.get("/quarantine").text
    assert "60 × Samtal" in bo.get("/quarantine?decided=1").text
    result = phone.send(operation).json["results"][0]
    assert (result["verdict"], result["code"]) == ("quarantined", "dismissed")
    assert result["sentence"] == quarantine.sentence("dismissed")
    kept = the_held()
    assert json.loads(kept.raw) == operation
    assert (kept.decision, kept.decided_by_id, kept.decided_at) == ("dismissed", cast.bo.id, NOW)
    assert total(cast) == (0, 0)


def test_the_first_decision_stands(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    """Two leaders have the same list open. What is counted must not say that it is dismissed, nor the reverse."""
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    for first, second, counted in (("admit", "dismiss", 60), ("dismiss", "admit", 60), ("admit", "admit", 120)):
        phone.send(phone.operation(cast, data={"n": 60}))
        held = db.session.scalars(select(Held).where(Held.decision == "")).one()
        held_id = held.id
        bo.post(f"/quarantine/{held_id}/{first}")
        assert adam.post(f"/quarantine/{held_id}/{second}").status_code == 303
        assert "redan avgjord" in adam.get("/quarantine").text
        kept = db.session.get_one(Held, held_id)
        assert (kept.decision[:5], kept.decided_by_id) == (first[:5], cast.bo.id)
        assert total(cast) == (counted, counted)
    assert attempts.drift() == {}


def test_every_decision_stands_in_the_audit(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    _operation, held = hold(cast, phone)
    signed_in(cast.bo).post(f"/quarantine/{held.id}/admit")
    entry = db.session.scalars(select(audit.Entry).order_by(audit.Entry.number.desc())).first()
    assert entry
    assert (entry.action, entry.person_id, entry.organisation_id) == (
        "quarantine.admitted",
        cast.bo.id,
        cast.hageby.id,
    )
    assert audit.broken_at() is None


# --- whose it is --------------------------------------------------------------------------------------------


def test_only_the_leaders_of_the_authors_association_see_and_judge(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    _operation, held = hold(cast, phone)
    people.grant(cast.dag, "leader", cast.ektorp)
    may = {}
    for who in (cast.adam, cast.bo, cast.cia, cast.alva, cast.dag, cast.esa):
        client = signed_in(who)
        page = client.get("/quarantine")
        tried = {client.post(f"/quarantine/{held.id}/{verb}").status_code for verb in ("admit", "dismiss")}
        may[who.name] = (page.status_code, "60 × Samtal" in page.text, *sorted(tried))
        held.decision = ""
        db.session.commit()
    assert may == {
        "Adam": (200, True, 303),
        "Bo": (200, True, 303),
        "Cia": (403, False, 403),
        "Alva": (403, False, 403),
        "Dag": (200, False, 404),
        "Esa": (200, False, 404),
    }


def test_the_page_says_how_many_wait_to_those_who_judge(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    hold(cast, phone)
    for who, told in ((cast.bo, True), (cast.cia, False), (cast.alva, False)):
        text = signed_in(who).get(f"/campaigns/{cast.spring.id}").text
        assert ('href="#review"' in text) == told, who.name
    assert quarantine.to_review([cast.ektorp.id]) == 0
    assert quarantine.to_review([cast.norrkoping.id]) == 1


def test_one_tap_on_the_campaigns_page_admits_and_leads_back_there(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    _operation, held = hold(cast, phone)
    address = f"/campaigns/{cast.spring.id}?at={cast.norrkoping.id}"
    page = signed_in(cast.bo).get(address).text
    assert "Antalet är orimligt." in page
    assert "60 × Samtal" in page
    assert "Antalet är orimligt." not in signed_in(cast.alva).get(address.partition("?")[0]).text
    before = total(cast)
    answer = signed_in(cast.bo).post(f"/quarantine/{held.id}/admit", data={"next": address})
    assert (answer.status_code, answer.location) == (303, address)
    assert total(cast) == (before[0] + 60, before[1] + 60)
    assert "Antalet är orimligt." not in signed_in(cast.bo).get(address).text


def test_a_leader_is_not_told_who_it_was(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    """The association is enough to judge by; there are no personal lists."""
    hold(cast, phone)
    page = signed_in(cast.bo).get("/quarantine").text
    assert "Hageby s-förening" in page
    assert "Alva" not in re.sub(r"<[^>]*>", " ", page).split()
