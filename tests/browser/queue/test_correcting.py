"""A tap, its changes and its undo, as the operations that the server gets."""

from __future__ import annotations

import uuid

from playwright.sync_api import BrowserContext

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, AUTUMN, BO, CARE, SCHOOL, SPRING, TAP, Tab, another_tab


def test_an_operation_says_all_that_the_wire_wants(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log(area=AUTUMN, n=3, topics=[SCHOOL, CARE])
    tab.start()
    (batch,) = server.batches
    (operation,) = batch["ops"]
    assert operation == {
        "op": operation["op"],
        "attempt": attempt["id"],
        "rev": 1,
        "base": 0,
        "kind": "create",
        "schema": 1,
        "seq": 1,
        "campaign": SPRING,
        "at": attempt["at"],
        "offset": None,
        "data": {"area": AUTUMN, "channel": "door", "outcome": "talked", "n": 3, "topics": [SCHOOL, CARE]},
    }
    assert uuid.UUID(operation["op"]).version == uuid.UUID(attempt["id"]).version == 7
    assert {k: batch[k] for k in ("schema", "install", "author", "epoch", "pending", "max_seq")} == {
        "schema": 1,
        "install": tab.do("() => outbox.install"),
        "author": ALVA["id"],
        "epoch": None,
        "pending": 1,
        "max_seq": 1,
    }
    assert server.posts[0].headers["x-sync"] == "1"
    assert server.posts[0].headers["content-type"] == "application/json"


def test_undo_before_sending_sends_one_delete_with_its_own_number(tab: Tab, server: QueueServer) -> None:
    kept, mistaken = tab.log(), tab.log()
    assert tab.undo(mistaken)["deleted"]
    tab.start()
    first, second = server.batches[0]["ops"]
    assert (first["attempt"], first["kind"], first["seq"]) == (kept["id"], "create", 1)
    assert (second["attempt"], second["kind"], second["seq"]) == (mistaken["id"], "delete", 2)
    assert (second["rev"], second["base"], second["data"]) == (1, 0, {})


def test_changes_before_sending_fold_into_the_operation(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log()
    tab.change(attempt, topics=[SCHOOL])
    tab.change(attempt, outcome="come_back", n=2)
    assert tab.change(attempt, area=AUTUMN)["rev"] == 1
    tab.start()
    ((operation,),) = (batch["ops"] for batch in server.batches)
    assert (operation["kind"], operation["rev"], operation["seq"]) == ("create", 1, 1)
    assert operation["data"] == {
        "area": AUTUMN, "channel": "door", "outcome": "come_back", "n": 2, "topics": [SCHOOL]
    }  # fmt: skip


def test_changes_after_sending_are_new_revisions_of_the_same_hour(tab: Tab, server: QueueServer) -> None:
    tab.start()
    attempt = tab.log()
    tab.flush()
    frozen = tab.operations()[0]["text"]
    assert tab.change(attempt, topics=[CARE])["rev"] == 2
    tab.flush()
    assert tab.undo(attempt)["rev"] == 3
    tab.flush()
    operations = [operation for batch in server.batches for operation in batch["ops"]]
    assert [(o["kind"], o["rev"], o["base"], o["seq"]) for o in operations] == [
        ("create", 1, 0, 1),
        ("edit", 2, 1, 2),
        ("delete", 3, 2, 3),
    ]
    assert {o["attempt"] for o in operations} == {attempt["id"]}
    assert {o["at"] for o in operations} == {attempt["at"]}
    assert operations[1]["data"]["topics"] == [CARE]
    assert tab.operations()[0]["text"] == frozen


def test_a_change_that_changes_nothing_sends_nothing(tab: Tab, server: QueueServer) -> None:
    tab.start()
    attempt = tab.log()
    tab.flush()
    tab.change(attempt, outcome="talked")
    tab.undo(attempt)
    tab.undo(attempt)
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]


def test_what_is_undone_or_not_ones_own_cannot_be_changed(tab: Tab) -> None:
    attempt = tab.log()
    tab.sign_in(BO)
    assert tab.failure("(id) => outbox.undo(id)", attempt["id"]) == "unknown"
    tab.sign_in(ALVA)
    tab.undo(attempt)
    assert tab.failure("(id) => outbox.change(id, { n: 2 })", attempt["id"]) == "deleted"
    assert tab.failure("(id) => outbox.change(id, { n: 2 })", SPRING) == "unknown"


def test_numbers_are_used_once_and_never_skipped(tab: Tab, context: BrowserContext, server: QueueServer) -> None:
    other = another_tab(context, server)
    burst = f"(campaign) => Promise.all(Array.from({{ length: 5 }}, () => ({TAP})(campaign)))"
    tab.do(f"(campaign) => {{ window.burst = ({burst})(campaign); }}", SPRING)
    other.do(burst, SPRING)
    tab.do("() => burst")
    five_hundred = (
        "(id) => outbox.log({ campaign: id, channel: 'door', outcome: 'talked', topics: Array(500).fill(id) })"
    )
    assert tab.failure(five_hundred, SCHOOL) == "too_large"
    tab.undo(tab.log())
    tab.start()
    assert sorted(operation["seq"] for operation in server.stored.values()) == list(range(1, 12))
    assert server.batches[-1]["max_seq"] == 11


def test_the_known_offset_is_put_on_the_tap_and_stays(tab: Tab, server: QueueServer) -> None:
    before = tab.log()
    server.now = "2031-05-01T12:00:00.000Z"
    expected = tab.do("() => (Date.parse('2031-05-01T12:00:00.000Z') - Date.now()) / 1000")
    tab.start()
    after = tab.log()
    tab.flush()
    server.now = None
    tab.flush()
    tab.change(before, n=2)
    tab.flush()
    first, second, corrected = (operation for batch in server.batches for operation in batch["ops"])
    assert first["offset"] is None
    assert second["attempt"] == after["id"]
    assert isinstance(second["offset"], int)
    assert abs(second["offset"] - expected) < 60
    assert corrected["offset"] is None
