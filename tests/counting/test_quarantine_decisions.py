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
from canvass.counting import attempts, quarantine, sync, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.quarantine import Held
from canvass.fieldwork import areas, campaigns
from canvass.members import organisations, people
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
    assert total(cast) == (40, 40)
    attempt = db.session.get_one(Attempt, operation["attempt"])
    assert attempt.happened_on == NOW.date()  # when it took place, not when it was judged
    assert (attempt.author_id, attempt.organisation_id) == (cast.alva.id, cast.hageby.id)
    assert phone.verdicts(operation, operation) == ["duplicate", "duplicate"]
    assert total(cast) == (40, 40)
    assert attempts.drift() == {}
    change = phone.operation(cast, kind="edit", attempt=operation["attempt"], rev=2, base=1, data={"n": 6})
    assert phone.verdicts(change) == ["stored"]
    assert total(cast) == (6, 6)


def test_admitting_forgives_what_can_be_forgiven(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    draft = another(cast.norrkoping)
    hill = areas.add(cast.partille, name="Backen", by=cast.esa)
    operations = [phone.operation(cast, campaign=draft.id), phone.operation(cast, data={"area": hill.id})]
    assert phone.verdicts(*operations) == ["quarantined"] * 2
    bo = signed_in(cast.bo)
    for held in db.session.scalars(select(Held)).all():
        bo.post(f"/quarantine/{held.id}/admit")
    assert {held.decision for held in db.session.scalars(select(Held))} == {"admitted"}
    assert total(cast) == (1, 1)
    assert tallies.total(draft.id, organisations.beneath(cast.hageby.id)) == (1, 1)
    without_area = db.session.get_one(Attempt, operations[1]["attempt"])
    assert without_area.area_id is None  # it counts, and not on ground that is another's
    assert attempts.drift() == {}


def test_no_leader_makes_a_number_larger_than_a_phone_may(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    phone.send(phone.operation(cast, data={"n": 51}))
    bo = signed_in(cast.bo)
    bo.post(f"/quarantine/{the_held().id}/admit")
    assert "kan bara avfärdas" in bo.get("/quarantine").text
    assert ("Räkna</button>" in bo.get("/quarantine").text, total(cast)) == (False, (0, 0))


def test_what_somebody_logged_before_they_left_can_be_counted(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    for membership in list(cast.alva.memberships):
        people.revoke(membership)
    operation = phone.operation(cast)
    assert phone.send(operation).json["results"][0]["code"] == "not_member"
    signed_in(cast.bo).post(f"/quarantine/{the_held().id}/admit")
    assert total(cast) == (1, 1)
    assert db.session.get_one(Attempt, operation["attempt"]).organisation_id == cast.hageby.id


def test_what_nobody_can_understand_can_only_be_dismissed(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for changes in ({"schema": 2}, {"kind": "invent"}, {"campaign": NOBODY}):
        phone.send(phone.operation(cast, **changes))
    phone.send(phone.operation(cast, data={"channel": "stall", "outcome": "not_home"}))
    for held in db.session.scalars(select(Held)).all():
        assert bo.post(f"/quarantine/{held.id}/admit").status_code == 303
        assert html.escape(quarantine.sentence(held.code)) in bo.get("/quarantine").text
        with pytest.raises(Refused):
            sync.admit([held], by=cast.bo)
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


def test_after_an_admitted_content_the_authors_own_correction_counts(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    first = phone.operation(cast, data={"n": 3})
    phone.send(first, {**first, "data": {**first["data"], "n": 5}})
    signed_in(cast.bo).post(f"/quarantine/{the_held().id}/admit")
    change = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 4})
    assert phone.verdicts(change) == ["stored"]
    assert total(cast) == (4, 4)
    assert attempts.drift() == {}


def test_no_leader_admits_anything_over_the_authors_own_correction(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    first = phone.operation(cast, data={"n": 3})
    change = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 4})
    phone.send(first, change, {**first, "data": {**first["data"], "n": 5}})
    bo = signed_in(cast.bo)
    bo.post(f"/quarantine/{the_held().id}/admit")
    assert "rättelsen gäller" in bo.get("/quarantine").text
    assert (total(cast), the_held().decision) == ((4, 4), "")
    assert attempts.drift() == {}


# --- left uncounted -----------------------------------------------------------------------------------------


def test_what_is_dismissed_stays_on_record_and_uncounted(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    operation, held = hold(cast, phone)
    bo = signed_in(cast.bo)
    assert "40 × Samtal" in bo.get("/quarantine").text
    bo.post(f"/quarantine/{held.id}/dismiss")
    assert "40 × Samtal" not in bo.get("/quarantine").text
    assert "40 × Samtal" in bo.get("/quarantine?decided=1").text
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
    for first, second, counted in (("admit", "dismiss", 40), ("dismiss", "admit", 40), ("admit", "admit", 80)):
        phone.send(phone.operation(cast, data={"n": 40, "area": NOBODY}))
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
    entries = db.session.scalars(select(audit.Entry).where(audit.Entry.action == "quarantine.admitted")).all()
    assert {entry.organisation_id for entry in entries} == {cast.hageby.id, cast.norrkoping.id}
    assert {entry.person_id for entry in entries} == {cast.bo.id}
    assert audit.broken_at() is None


# --- many at once -------------------------------------------------------------------------------------------


def test_what_is_alike_is_judged_together(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    """Alva's evening in an area that is not the campaign's, another evening of hers, and one thing of Dag's."""
    before = [phone.operation(cast, data={"n": 2, "area": NOBODY}) for _ in range(30)]
    yesterday = phone.operation(cast, at=clock.text(NOW - timedelta(days=1)), data={"area": NOBODY})
    too_many = phone.operation(cast, data={"n": 51})
    assert phone.verdicts(*before, yesterday, too_many) == ["quarantined"] * 32
    dag = Phone(signed_in(cast.dag), cast.dag.id)
    assert dag.verdicts(dag.operation(cast, data={"area": NOBODY})) == ["quarantined"]
    bo = signed_in(cast.bo)
    page = bo.get("/quarantine").text
    assert page.count("Räkna alla</button>") == page.count("Avfärda alla</button>") == 1
    assert "30 uppgifter från en och samma person, 6 maj" in page
    assert "Här visas de senaste 20 av 30." in page
    one = db.session.scalars(select(Held).where(Held.operation_id == before[7]["op"])).one()
    bo.post(f"/quarantine/{one.id}/admit", data={"all": "yes"})
    assert "30 uppgifter är räknade." in bo.get("/quarantine").text
    assert (total(cast), attempts.drift()) == ((60, 60), {})
    assert quarantine.to_review([cast.norrkoping.id]) == 3
    assert phone.verdicts(*before) == ["duplicate"] * 30
    assert total(cast) == (60, 60)
    entries = db.session.scalars(select(audit.Entry).where(audit.Entry.action == "quarantine.admitted")).all()
    assert [entry.details["number"] for entry in entries] == [30, 30]  # at Hageby and at the campaign's owner


def test_a_whole_group_is_dismissed_and_once(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    phone.send(*[phone.operation(cast, data={"n": 51}) for _ in range(12)])
    bo, held_id = signed_in(cast.bo), db.session.scalars(select(Held.id).limit(1)).one()
    assert "Räkna alla</button>" not in bo.get("/quarantine").text
    for _ in range(2):
        bo.post(f"/quarantine/{held_id}/dismiss", data={"all": "yes"})
    page = bo.get("/quarantine").text
    assert "12 uppgifter är avfärdade" in page
    assert "Den är redan avgjord." in page
    assert (quarantine.to_review([cast.norrkoping.id]), total(cast)) == (0, (0, 0))


def test_of_a_group_what_cannot_be_counted_stays(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    """Two contents under used numbers, one of which its author has corrected since."""
    first, second = (phone.operation(cast, data={"n": n}) for n in (3, 4))
    change = phone.operation(cast, kind="edit", attempt=second["attempt"], rev=2, base=1, data={"n": 7})
    phone.send(first, second, change)
    phone.send(*({**one, "data": {**one["data"], "n": 5}} for one in (first, second)))
    bo, held_id = signed_in(cast.bo), db.session.scalars(select(Held.id).limit(1)).one()
    bo.post(f"/quarantine/{held_id}/admit", data={"all": "yes"})
    page = bo.get("/quarantine").text
    assert "Uppgiften är räknad." in page
    assert "En går inte att räkna" in page
    assert (total(cast), attempts.drift()) == ((12, 12), {})
    assert quarantine.to_review([cast.norrkoping.id]) == 1


def test_two_changes_of_one_attempt_in_a_group_are_counted_one_after_the_other(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    first = phone.operation(cast, data={"n": 3, "area": NOBODY})
    change = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, data={"n": 8, "area": NOBODY})
    phone.send(first, change)
    held_id = db.session.scalars(select(Held.id).limit(1)).one()
    signed_in(cast.bo).post(f"/quarantine/{held_id}/admit", data={"all": "yes"})
    assert (total(cast), attempts.drift()) == ((8, 8), {})


def test_the_menu_says_how_much_waits(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    assert "nav-count" not in signed_in(cast.bo).get("/areas").text
    phone.send(*[phone.operation(cast, data={"n": 51}) for _ in range(12)])
    assert '<span class="nav-count">12</span>' in signed_in(cast.bo).get("/areas").text
    for who in (cast.cia, cast.alva, cast.esa):
        assert "nav-count" not in signed_in(who).get("/campaigns").text


# --- whose it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["partille", "linkoping", "ostergotland"])
@pytest.mark.parametrize("is_closed", [False, True])
def test_nobody_counts_anything_in_a_campaign_that_is_not_theirs(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any], place: str, is_closed: bool
) -> None:
    """A leader hands in an operation that names somebody else's campaign, and reviews it at home."""
    theirs = another(getattr(cast, place))
    campaigns.open_(theirs)
    theirs.name = "Hemlig kampanj"
    if is_closed:
        campaigns.close(theirs)
    phone = Phone(signed_in(cast.bo), cast.bo.id)
    with later(days=20 if is_closed else 0):
        operation = phone.operation(cast, campaign=theirs.id, at=clock.text(NOW), data={"area": NOBODY})
        assert phone.verdicts(operation) == ["quarantined"]
        bo, held = signed_in(cast.bo), the_held()
        assert "Räkna</button>" not in bo.get("/quarantine").text
        assert ("Hemlig kampanj" in bo.get("/quarantine").text) == (place == "ostergotland")
        assert bo.post(f"/quarantine/{held.id}/admit").status_code == (403 if place == "ostergotland" else 303)
        assert bo.get("/quarantine").status_code == 200
        assert (the_held().decision, tallies.everything()) == ("", {})
        bo.post(f"/quarantine/{held.id}/dismiss")
        assert the_held().decision == "dismissed"


def test_the_owner_of_the_campaign_counts_it_and_both_have_it_in_their_audit(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    theirs = another(cast.ostergotland)
    campaigns.open_(theirs)
    assert phone.verdicts(phone.operation(cast, campaign=theirs.id, data={"area": NOBODY})) == ["quarantined"]
    assert "Räkna</button>" not in signed_in(cast.bo).get("/quarantine").text
    assert "räknas bara av kampanjledare i Östergötland" in signed_in(cast.bo).get("/quarantine").text
    assert "Räkna</button>" in signed_in(cast.adam).get("/quarantine").text
    signed_in(cast.adam).post(f"/quarantine/{the_held().id}/admit")
    assert tallies.total(theirs.id, organisations.beneath(cast.hageby.id)) == (1, 1)
    entries = db.session.scalars(select(audit.Entry).where(audit.Entry.action == "quarantine.admitted"))
    assert {entry.organisation_id for entry in entries} == {cast.hageby.id, cast.ostergotland.id}


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
        may[who.name] = (page.status_code, "40 × Samtal" in page.text, *sorted(tried))
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
    assert "Området finns inte i kampanjen." in page
    assert "40 × Samtal" in page
    assert "Området finns inte i kampanjen." not in signed_in(cast.alva).get(address.partition("?")[0]).text
    before = total(cast)
    answer = signed_in(cast.bo).post(f"/quarantine/{held.id}/admit", data={"next": address})
    assert (answer.status_code, answer.location) == (303, address)
    assert total(cast) == (before[0] + 40, before[1] + 40)
    assert "Området finns inte i kampanjen." not in signed_in(cast.bo).get(address).text


def test_a_leader_is_not_told_who_it_was(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    """The association is enough to judge by; there are no personal lists."""
    hold(cast, phone)
    page = signed_in(cast.bo).get("/quarantine").text
    assert "Hageby s-förening" in page
    assert "Alva" not in re.sub(r"<[^>]*>", " ", page).split()
