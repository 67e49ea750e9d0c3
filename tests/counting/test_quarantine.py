"""What phones hand in that cannot be counted: held whole, judged by a leader, and never in anybody's way."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from canvass.core import audit, clock, db
from canvass.core.refusals import Refused
from canvass.counting import attempts, quarantine, sync, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.quarantine import Held
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW
from tests.counting.test_sync import Phone

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def phone(cast: Cast, signed_in: SignedIn) -> Phone:
    """Alva's phone."""
    return Phone(signed_in(cast.alva), cast.alva.id)


def total(cast: Cast) -> tuple[int, int]:
    return tuple(tallies.total(cast.spring.id, organisations.beneath(cast.ostergotland.id)))


def the_held() -> Held:
    return db.session.scalars(select(Held)).one()


def hold(cast: Cast, phone: Phone, **changes: Any) -> tuple[dict[str, Any], Held]:
    """An operation that is held though nothing is wrong with it but its number, and what is kept of it."""
    operation = phone.operation(cast, data={"n": 60}, **changes)
    assert phone.verdicts(operation) == ["quarantined"]
    return operation, the_held()


def another(organisation: Organisation) -> Campaign:
    found = campaigns.create(
        organisation,
        name="En annan",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=None,
    )
    db.session.flush()
    return found


# --- every reason there is ----------------------------------------------------------------------------------

NOBODY = "01900000-0000-7000-8000-000000000000"
# What is changed in an operation that would else be counted, and the reason it is then held for.
REASONS: list[tuple[str, dict[str, Any]]] = [
    ("malformed", {"kind": "invent"}),
    ("malformed", {"attempt": "7"}),
    ("malformed", {"attempt": None}),
    ("malformed", {"campaign": "'; DROP TABLE attempts"}),
    ("malformed", {"rev": 0}),
    ("malformed", {"rev": 2**40}),
    ("malformed", {"seq": -1}),
    ("malformed", {"at": "i morse"}),
    ("malformed", {"at": "2026-05-06T10:00:00"}),  # no zone
    ("malformed", {"offset": 1e300}),
    ("malformed", {"data": []}),
    ("malformed", {"data": {"topics": "skolan"}}),
    ("malformed", {"data": {"topics": ["skolan"]}}),
    ("malformed", {"data": {"n": "tre"}}),
    ("malformed", {"data": {"n": 1.5}}),
    ("malformed", {"data": {"n": True}}),
    ("malformed", {"data": {"area": 7}}),
    ("schema", {"schema": 2}),
    ("schema", {"schema": 0}),
    ("campaign_unknown", {"campaign": NOBODY}),
    ("area_unknown", {"data": {"area": NOBODY}}),
    ("outcome_unknown", {"data": {"outcome": "wrong_number"}}),
    ("outcome_unknown", {"data": {"outcome": ["talked"]}}),
    ("outcome_unknown", {"data": {"channel": "pigeon"}}),
    ("outcome_unknown", {"data": {"channel": ["door"]}}),
    ("number", {"data": {"n": 0}}),
    ("number", {"data": {"n": -3}}),
    ("number", {"data": {"n": 51}}),
]


def test_each_reason_is_told_to_the_phone_and_nothing_of_it_is_counted(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    operations = []
    for _code, changes in REASONS:
        operation = phone.operation(cast)
        data = changes.get("data")
        merged = {**operation["data"], **data} if isinstance(data, dict) else changes.get("data", operation["data"])
        operations.append(operation | changes | {"data": merged})
    answer = phone.send(*operations)
    assert answer.status_code == 200, answer.text
    results = answer.json["results"]
    assert [result["op"] for result in results] == [operation["op"] for operation in operations]
    assert [(result["verdict"], result["code"]) for result in results] == [("quarantined", code) for code, _ in REASONS]
    assert all(result["sentence"] == quarantine.sentence(result["code"]) for result in results)
    assert total(cast) == (0, 0)
    assert db.session.scalars(select(Attempt)).all() == []
    kept = {held.operation_id: json.loads(held.raw) for held in db.session.scalars(select(Held))}
    assert kept == {operation["op"]: operation for operation in operations}  # whole, to the last field
    assert signed_in(cast.bo).get("/quarantine").status_code == 200  # and fit to be looked at
    again = phone.send(*operations).json["results"]
    assert again == results
    assert len(db.session.scalars(select(Held)).all()) == len(operations)


def test_a_campaign_that_has_not_opened_counts_nothing(cast: Cast, phone: Phone) -> None:
    draft = another(cast.norrkoping)
    assert phone.send(phone.operation(cast, campaign=draft.id)).json["results"][0]["code"] == "campaign_not_open"


def test_a_closed_campaign_counts_what_happened_before_the_close_only(
    cast: Cast, phone: Phone, later: Callable[..., Any]
) -> None:
    campaigns.close(cast.spring)
    with later(days=1):
        before = phone.operation(cast, at=clock.text(NOW - timedelta(hours=3)))
        after = phone.operation(cast, at=clock.text(NOW + timedelta(hours=3)))
        results = phone.send(before, after).json["results"]
        assert [result.get("code", result["verdict"]) for result in results] == ["stored", "campaign_closed"]
    with later(days=15):
        late = phone.operation(cast, at=clock.text(NOW - timedelta(hours=3)))
        assert phone.send(late).json["results"][0]["code"] == "campaign_closed"
    assert total(cast) == (1, 1)


def test_somebody_elses_campaign_and_area_are_not_logged_in(cast: Cast, phone: Phone) -> None:
    theirs = another(cast.partille)
    campaigns.open_(theirs)
    hill = areas.add(cast.partille, name="Backen", by=cast.esa)
    results = phone.send(phone.operation(cast, campaign=theirs.id), phone.operation(cast, data={"area": hill.id})).json[
        "results"
    ]
    assert [result["code"] for result in results] == ["not_member", "area_unknown"]


def test_only_the_author_changes_or_undoes_what_they_logged(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    first = phone.operation(cast, data={"n": 4})
    phone.send(first)
    dag = Phone(signed_in(cast.dag), cast.dag.id)
    change = dag.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 1})
    undo = dag.operation(cast, kind="delete", attempt=first["attempt"], rev=3, base=2)
    assert [result["code"] for result in dag.send(change, undo).json["results"]] == ["not_yours", "not_yours"]
    assert total(cast) == (4, 4)
    bo = signed_in(cast.bo)
    for held in db.session.scalars(select(Held)).all():
        bo.post(f"/quarantine/{held.id}/admit")
    assert total(cast) == (4, 4)
    assert {held.decision for held in db.session.scalars(select(Held))} == {""}


def test_a_change_cannot_reach_into_another_campaign(cast: Cast, phone: Phone) -> None:
    """An open campaign named in a correction must not open a closed one: its numbers are reported already."""
    first = phone.operation(cast, data={"n": 4})
    phone.send(first)
    other = another(cast.norrkoping)
    campaigns.open_(other)
    cast.spring.closing_at = NOW - timedelta(days=30)
    changes = [
        phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, campaign=other.id, data={"n": 9}),
        phone.operation(cast, kind="delete", attempt=first["attempt"], rev=3, base=2, campaign=other.id),
    ]
    assert phone.verdicts(*changes) == ["quarantined"] * 2
    assert total(cast) == (4, 4)
    assert attempts.drift() == {}


def test_what_the_database_cannot_take_is_kept_as_well(
    cast: Cast, phone: Phone, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how it could happen. If it does, the phone's next operation is not held up by it."""
    real, calls = attempts.log, []

    def failing(*args: Any, **kwargs: Any) -> bool:
        calls.append(args)
        if len(calls) == 2:
            raise IntegrityError("INSERT", {}, Exception("it does not fit"))
        return real(*args, **kwargs)

    monkeypatch.setattr(attempts, "log", failing)
    results = phone.send(*(phone.operation(cast) for _ in range(3))).json["results"]
    assert [result.get("code", result["verdict"]) for result in results] == ["stored", "failed", "stored"]
    assert total(cast) == (2, 2)
    signed_in(cast.bo).post(f"/quarantine/{the_held().id}/admit")
    assert total(cast) == (3, 3)


def test_the_reason_is_told_in_the_phones_language(cast: Cast, phone: Phone) -> None:
    phone.client.set_cookie("canvass_language", "en")
    result = phone.send(phone.operation(cast, schema=2)).json["results"][0]
    assert result["code"] == "schema"
    assert result["sentence"] != "Appen på telefonen är nyare än servern."


# --- one never holds up another -----------------------------------------------------------------------------

# In place of an operation's data, as nobody's program writes it.
STRANGE = [
    "null",
    "7",
    '"x"',
    "[]",
    '{"n":' + "9" * 5000 + "}",
    '{"n":-' + "1" * 4301 + "}",
    '{"n":1e400}',
    '{"n":1e-400}',
    '{"channel":"door","outcome":"talked","n":1' + "0" * 400 + "}",
    '{"channel":{}}',
    '{"outcome":{},"channel":"door"}',
    '{"area":"\\u0000"}',
    '{"topics":[[[[]]]]}',
    '{"topics":' + json.dumps([NOBODY] * 101) + "}",
    '{"x":' + "[" * 600 + "]" * 600 + "}",
    '{"n":1,"n":2}',
    '{"channel":"door","outcome":"talked","n":"<script>alert(1)</script>"}',
]


def send_raw(phone: Phone, *operations: bytes) -> Any:
    """A batch of operations written by hand."""
    envelope = {"schema": 1, "install": phone.install, "batch": db.new_id(), "author": phone.author}
    head = json.dumps(envelope | {"pending": len(operations), "max_seq": phone.seq}).encode()
    body = head[:-1] + b', "ops": [' + b",".join(operations) + b"]}"
    return phone.client.post("/api/v1/sync", data=body, headers={"X-Sync": "1", "Content-Type": "application/json"})


def written(operation: dict[str, Any], data: str | None = None) -> bytes:
    """An operation as text, with this text in place of its data."""
    text = json.dumps(operation)
    return (text.replace(json.dumps(operation["data"]), data) if data is not None else text).encode("latin-1")


def test_one_bad_operation_never_blocks_another(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for strange in STRANGE:
        good, bad, also_good = (phone.operation(cast) for _ in range(3))
        answer = send_raw(phone, written(good), written(bad, strange), written(also_good))
        assert answer.status_code == 200, (strange[:40], answer.text)
        assert [r["verdict"] for r in answer.json["results"]] == ["stored", "quarantined", "stored"], strange[:40]
        assert answer.json["device"]["missing"] == [], strange[:40]  # it has arrived, whatever it is
        page = bo.get("/quarantine")
        assert page.status_code == 200, strange[:40]
        assert "<script>alert" not in page.text
    assert total(cast) == (2 * len(STRANGE), 2 * len(STRANGE))
    for held in db.session.scalars(select(Held)).all():
        assert bo.post(f"/quarantine/{held.id}/admit").status_code == 303
        assert bo.post(f"/quarantine/{held.id}/dismiss").status_code == 303
    assert total(cast) == (2 * len(STRANGE), 2 * len(STRANGE))
    assert bo.get("/quarantine?decided=1").status_code == 200


def test_what_could_not_be_kept_is_refused_so_that_the_phone_finds_it(cast: Cast, phone: Phone) -> None:
    """Not as the server's own fault: after a 500 a phone sends the same again, and all behind it waits."""
    unkeepable = [*['{"x":"\xff"}', '{"\xe5":1}', '{"x":"\\ud800"}'], *_nests(range(900, 1000, 2)), *_nests([20_000])]
    for strange in unkeepable:
        answer = send_raw(phone, written(phone.operation(cast)), written(phone.operation(cast), strange))
        assert answer.status_code in (200, 400), (strange[:40], len(strange))


def _nests(depths: Iterable[int]) -> list[str]:
    return ['{"x":' + "[" * depth + "]" * depth + "}" for depth in depths]


def test_what_cannot_even_be_named_is_left_to_the_phone(cast: Cast, phone: Phone) -> None:
    """Without an operation's id there is nothing to give a verdict on: the phone halves its batch until it finds it."""
    for bad in ({}, {"op": 7}, {"op": "7"}, {"op": None}, [], 7, None):
        answer = phone.send(phone.operation(cast), bad)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json["error"]) == (400, "malformed")
    assert total(cast) == (0, 0)
    assert db.session.scalars(select(Held)).all() == []


# --- counted after all --------------------------------------------------------------------------------------


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
