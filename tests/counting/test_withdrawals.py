"""Somebody's whole contribution is taken out of the count at once, and comes back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, db
from canvass.core.refusals import Refused
from canvass.counting import attempts, late_reports, tallies, withdrawals
from canvass.counting.withdrawals import Withdrawal
from canvass.fieldwork import campaigns
from canvass.members import access, people
from canvass.members.people import Person
from tests.cast import Cast, log, new_campaign, plan_shift
from tests.conftest import NOW
from tests.counting.papers import enter
from tests.counting.phone import Phone, total

SignedIn = Callable[[Person], FlaskClient]


def invent(cast: Cast, phone: Phone) -> list[dict[str, object]]:
    """Alva's phone hands in ten thousand conversations that nobody had, in four requests."""
    made = [phone.operation(cast, data={"n": 50, "area": cast.hageby_north.id, "topics": []}) for _ in range(200)]
    for first in range(0, 200, 50):
        assert phone.verdicts(*made[first : first + 50]) == ["stored"] * 50
    return made


def address(who: Person) -> str:
    return f"/people/{who.id}/contribution"


def told(page: str) -> str:
    """The text of a page, with ordinary blanks."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def withdraw(client: FlaskClient, cast: Cast, phone: str = "") -> str:
    """Press the button; returns the page that comes then."""
    answer = client.post(address(cast.alva), data={"campaign": cast.spring.id, "phone": phone})
    assert answer.status_code == 303
    return client.get(answer.headers["Location"]).text


def test_ten_thousand_invented_conversations_go_at_once_and_come_back(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    log(cast, cast.dag, number=3, area=cast.hageby_north, topics=["Skolan"])
    log(cast, cast.alva, number=2, topics=["Skolan"], shift=plan_shift(cast))
    enter(cast, cast.bo)
    before = tallies.everything()
    invent(cast, phone)
    with_them = tallies.everything()
    bo = signed_in(cast.bo)
    assert "10 002 samtal, 10 002 försök" in told(bo.get(address(cast.alva)).text)
    page = withdraw(bo, cast)
    assert "räknas inte längre" in page
    assert "10 002 samtal, 10 002 försök" in told(page)
    assert total(cast) == (6, 6)  # Dag's, and the evening on paper
    assert attempts.drift() == {}
    one = db.session.scalars(select(Withdrawal)).one()
    assert (one.attempts, one.conversations) == (10_002, 10_002)
    assert bo.post(f"/withdrawals/{one.id}/undo").status_code == 303
    assert tallies.everything() == with_them
    assert attempts.drift() == {}
    withdraw(bo, cast, phone.install)  # the phone's alone
    assert tallies.everything() == before
    assert attempts.drift() == {}


def test_what_the_author_corrects_and_undoes_meanwhile_stays_uncounted_and_comes_back_corrected(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    first, second, third = (phone.operation(cast, data={"n": n}) for n in (3, 4, 5))
    phone.send(first, second, third)
    bo = signed_in(cast.bo)
    withdraw(bo, cast)
    change = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 9})
    gone = phone.operation(cast, kind="delete", attempt=second["attempt"], rev=2, base=1)
    assert phone.verdicts(change, gone, first) == ["stored", "stored", "duplicate"]
    assert (total(cast), attempts.drift()) == ((0, 0), {})
    assert phone.verdicts(phone.operation(cast)) == ["stored"]  # what is logged afterwards counts
    bo.post(f"/withdrawals/{db.session.scalars(select(Withdrawal.id)).one()}/undo")
    assert (total(cast), attempts.drift()) == ((9 + 5 + 1, 9 + 5 + 1), {})


def test_what_is_withdrawn_is_in_no_export_and_no_question(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    invent(cast, phone)
    bo = signed_in(cast.bo)
    rows = f"/reports/rows.csv?campaign={cast.spring.id}"
    with_them = len(bo.post(rows).data.splitlines())
    withdraw(bo, cast)
    assert with_them - len(bo.post(rows).data.splitlines()) == 200
    assert late_reports.parts(cast.spring.id, select(people.Person.association_id)).total == (0, 0)


def test_twice_is_once_and_both_are_in_the_audit(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    phone.send(phone.operation(cast))
    bo = signed_in(cast.bo)
    withdraw(bo, cast)
    assert "inget kvar att ta tillbaka" in withdraw(bo, cast)
    one = db.session.scalars(select(Withdrawal)).one()
    for _ in range(2):
        bo.post(f"/withdrawals/{one.id}/undo")
    assert (total(cast), attempts.drift()) == ((1, 1), {})
    query = select(audit.Entry).where(audit.Entry.action.startswith("contribution."))
    noted = db.session.scalars(query.order_by(audit.Entry.number))
    assert [(entry.action, entry.person_id, entry.organisation_id) for entry in noted] == [
        ("contribution.withdraw", cast.bo.id, cast.norrkoping.id),
        ("contribution.return", cast.bo.id, cast.norrkoping.id),
    ]


def test_only_in_campaigns_whose_owner_one_reviews_for(cast: Cast, signed_in: SignedIn) -> None:
    district = new_campaign(
        cast.ostergotland,
        name="Distriktets",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
    )
    campaigns.open_(district)
    log(cast, cast.alva, campaign=district)
    log(cast, cast.alva)
    assert "Distriktets" not in signed_in(cast.bo).get(address(cast.alva)).text
    assert "Distriktets" in signed_in(cast.adam).get(address(cast.alva)).text
    with pytest.raises(access.Forbidden):
        withdrawals.withdraw(cast.alva, None, district, by=cast.bo)
    form = {"campaign": district.id}
    assert signed_in(cast.bo).post(address(cast.alva), data=form).status_code == 403
    assert signed_in(cast.esa).post(address(cast.alva), data=form).status_code == 404
    with pytest.raises(Refused):
        withdrawals.withdraw(cast.dag, None, cast.spring, by=cast.bo)


def test_somebody_who_has_left_can_be_found(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    phone.send(phone.operation(cast))
    for membership in list(cast.alva.memberships):
        people.revoke(membership)
    withdraw(signed_in(cast.bo), cast)
    assert total(cast) == (0, 0)


def test_the_page_of_a_person_leads_there(cast: Cast, signed_in: SignedIn) -> None:
    page = f"/memberships/{cast.alva.memberships[0].id}"
    assert f'href="{address(cast.alva)}"' in signed_in(cast.bo).get(page).text
    assert f'href="{address(cast.alva)}"' not in signed_in(cast.cia).get(page).text
