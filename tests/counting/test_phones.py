"""What phones tell of themselves, and what they are told when they start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from canvass.core import clock
from canvass.counting import receipts
from canvass.fieldwork import campaigns
from tests.cast import Cast, plan_shift
from tests.conftest import NOW
from tests.counting.phone import Phone


def test_gaps_are_told_and_shown_as_waiting(cast: Cast, phone: Phone, later: Any) -> None:
    held_back = [phone.operation(cast) for _ in range(3)]
    answer = phone.send(phone.operation(cast), pending=4).json
    assert answer["device"] == {"max_seq": 4, "missing": [1, 2, 3]}
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting(operations=3, phones=1)
    with later(days=4):
        silent = receipts.waiting(cast.hageby.id)
        assert (silent.operations, silent.silent_operations, silent.silent_phones) == (0, 3, 1)
    phone.send(*held_back)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting()


def test_a_phone_that_claims_any_number_is_believed_within_reason(cast: Cast, phone: Phone) -> None:
    """A forged heartbeat shows no thousands of millions, and goes away with the phone's next word."""
    phone.send(phone.operation(cast), shift=None)
    answer = phone.send(max_seq=2**31 - 1, pending=2**31 - 1, shift=None)
    assert len(answer.json["device"]["missing"]) == receipts.MOST_MISSING_TOLD
    assert receipts.waiting(cast.norrkoping.id).operations == receipts.MOST_UNHEARD
    phone.send(pending=0, shift=None)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting()
    phone.send(phone.operation(cast, seq=2**31 - 1), shift=None, max_seq=1)  # nor does such an operation
    phone.send(shift=None, max_seq=1)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting()
    unheard = Phone(phone.client, phone.author)
    unheard.send(max_seq=2**31 - 1, pending=2**31 - 1, shift=None)
    assert receipts.waiting(cast.norrkoping.id).operations == receipts.MOST_UNHEARD


def test_what_no_phone_holds_any_more_is_called_lost(cast: Cast, phone: Phone, signed_in: Any, later: Any) -> None:
    for _ in range(79):
        phone.operation(cast)
    phone.send(pending=79, shift=None)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting(operations=79, phones=1)
    phone.send(pending=2, shift=None)  # its storage was cleared; two were in another tab's memory
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting(operations=2, phones=1, lost=77)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}").text
    assert "Förlorade" in page
    assert "finns inte kvar på någon telefon" in page
    with later(days=4):
        silent = receipts.waiting(cast.norrkoping.id)
        assert (silent.operations, silent.silent_operations, silent.lost) == (0, 2, 77)


def test_a_file_from_another_phone_hides_nothing_that_its_phone_has_said(cast: Cast, phone: Phone) -> None:
    made = [phone.operation(cast) for _ in range(5)]
    phone.send(pending=5, shift=None)
    phone.send(made[0], max_seq=1, pending=1)  # handed in elsewhere, from a file with one of them
    assert phone.send(pending=4, shift=None).json["device"] == {"max_seq": 5, "missing": [2, 3, 4, 5]}
    phone.send(*made[1:], max_seq=2, pending=4)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting()


def test_a_device_token_hands_in_only_for_its_own_person(cast: Cast, phone: Phone) -> None:
    operation = phone.operation(cast)
    assert phone.send(operation, author=cast.dag.id).status_code == 401
    phone.client.delete_cookie("canvass_session")
    assert phone.verdicts(operation) == ["stored"]
    assert phone.client.get("/api/v1/hello").status_code == 401


def test_hello_holds_what_a_phone_needs(cast: Cast, phone: Phone) -> None:
    phone.send(phone.operation(cast, data={"n": 3}))
    answer = phone.read("/api/v1/hello")
    assert (answer["app"], answer["person"]["name"]) == ("canvass-sync/1", "Alva")
    assert answer["person"]["association"] == cast.hageby.id
    (campaign,) = answer["campaigns"]
    assert (campaign["state"], campaign["target"], campaign["result"]) == ("open", 5000, 3)
    assert (campaign["association_result"], campaign["association_today"]) == (3, 3)
    assert (campaign["organisation_name"], campaign["association_name"]) == ("Norrköping", "Hageby s-förening")
    assert [area["code"] for area in campaign["areas"]] == ["E1", "H1", "H2"]
    assert campaign["channels"][0] == {"channel": "door", "outcomes": list(campaigns.CHANNELS["door"])}
    assert [topic["name"] for topic in campaign["topics"]] == ["Skolan", "Vården", "Tryggheten"]


def test_hello_lists_the_shifts_that_can_be_logged_on(cast: Cast, phone: Phone) -> None:
    areas = [cast.hageby_south, cast.hageby_north]
    shift = plan_shift(cast, hours=-1, ground=areas, leader=cast.bo, place="Centrum", script="Hej!", points="Skolan")
    plan_shift(cast, hours=72)
    ours = [phone.operation(cast, data={"shift": shift.id, "outcome": o}) for o in ("talked", "refused", "not_home")]
    phone.send(*ours)
    (found,) = phone.read("/api/v1/hello")["campaigns"][0]["shifts"]
    assert sorted(found.pop("areas")) == sorted(area.id for area in areas)
    assert found == {
        "id": shift.id,
        "channel": "door",
        "starts_at": clock.text(NOW - timedelta(hours=1)),
        "ends_at": clock.text(NOW + timedelta(hours=1)),
        "place": "Centrum",
        "leader": "Bo",
        "script": "Hej!",
        "points": "Skolan",
        "counts": {"attempts": 3, "conversations": 1, "reached": 2},
    }


def test_outlines_are_the_areas_own_and_kept_by_their_mark(cast: Cast, phone: Phone) -> None:
    cast.hageby_north.outline = '{"type":"Polygon","coordinates":[[[16,58],[17,58],[17,59],[16,58]]]}'
    first = phone.client.get("/api/v1/outlines")
    (feature,) = phone.read("/api/v1/outlines")["features"]
    assert (feature["id"], feature["properties"]["code"]) == (cast.hageby_north.id, "H1")
    again = phone.client.get("/api/v1/outlines", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
