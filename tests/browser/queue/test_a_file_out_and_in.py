"""The outbox saved to a file and read in again, here or on another phone."""

from __future__ import annotations

import json

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, BO, EXPORT, IMPORT, SCHOOL, Tab, today, wipe


def test_a_saved_file_brings_a_wiped_phone_back_without_doubles(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.start()
    server.usually = "lost_request"
    attempt = tab.log(n=2, topics=[SCHOOL])
    tab.flush()
    tab.do("() => delivery.stop()")
    tab.undo(tab.log())
    before = tab.operations()
    assert [operation["sends"] > 0 for operation in before] == [True, True, False]
    install = tab.do("() => outbox.install")
    text = tab.do(EXPORT)

    wipe(tab)
    assert tab.operations() == []
    assert tab.do("() => outbox.install") != install
    tab.sign_in(ALVA)
    mine = tab.log()
    assert tab.do(IMPORT, text) == {"added": 3, "known": 0, "refused": 0}
    assert tab.do(IMPORT, text) == {"added": 0, "known": 3, "refused": 0}
    assert tab.status()["pending"] == 4
    assert today(tab) == {"conversations": 4, "attempts": 4}
    assert next(a for a in tab.do("() => outbox.recent(9)") if a["id"] == attempt["id"]) == attempt

    server.usually = "normal"
    tab.start()
    assert tab.status()["pending"] == 0
    assert len(server.stored) == 4
    by_install = {batch["install"]: batch for batch in server.batches}
    assert [o["attempt"] for o in by_install[tab.do("() => outbox.install")]["ops"]] == [mine["id"]]
    relayed = next(b for b in reversed(server.batches) if b["install"] == install)
    assert (relayed["pending"], relayed["max_seq"]) == (3, 3)
    assert {o["seq"] for o in relayed["ops"]} == {1, 2, 3}
    for operation in before:
        assert operation["text"].encode() in b"".join(post.body for post in server.posts)


def test_what_has_left_in_a_file_is_frozen(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log()
    file = json.loads(tab.do(EXPORT))
    tab.change(attempt, n=7)
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]
    text = tab.operations()[0]["text"]
    assert file["operations"][0]["operation"] == text

    wipe(tab)
    tab.sign_in(ALVA)
    tab.do(IMPORT, json.dumps(file))
    assert tab.change(attempt, n=8)["rev"] == 2
    assert sorted(operation["text"] == text for operation in tab.operations()) == [False, True]


def test_a_file_holds_ones_own_operations_only(tab: Tab) -> None:
    tab.log()
    tab.sign_in(BO)
    tab.log()
    assert {entry["author"] for entry in json.loads(tab.do(EXPORT))["operations"]} == {BO["id"]}
    tab.sign_in(None)
    assert tab.failure("() => outbox.export()") == "nobody"


def test_another_persons_file_waits_for_that_person(tab: Tab, server: QueueServer) -> None:
    tab.log()
    text = tab.do(EXPORT)
    wipe(tab)
    tab.sign_in(BO)
    assert tab.do(IMPORT, text)["added"] == 1
    tab.start()
    assert server.batches == []
    assert tab.status()["foreign"] == 1
    assert tab.do("() => outbox.recent(9)") == []
    tab.sign_in(ALVA)
    tab.flush()
    assert server.batches[0]["author"] == ALVA["id"]


def test_a_damaged_file_is_refused_where_it_is_damaged(tab: Tab) -> None:
    tab.log()
    tab.log()
    whole = json.loads(tab.do(EXPORT))
    for start in (json.dumps(whole)[:-40], json.dumps(whole)[:100]):
        assert tab.failure("async (text) => outbox.import(text)", start) == "cut"
    for text in ('{"app": "something else", "operations": []}', "null", ""):
        assert tab.failure("async (text) => outbox.import(text)", text) == "not_outbox"
    wipe(tab)
    broken = json.loads(json.dumps(whole))
    broken["operations"][0]["operation"] = broken["operations"][0]["operation"].replace('"rev":1', '"rev":-1')
    assert tab.do(IMPORT, json.dumps(broken)) == {"added": 1, "known": 0, "refused": 1}
    other = json.loads(json.dumps(whole))
    other["operations"][1]["operation"] = other["operations"][1]["operation"].replace("talked", "refused")
    assert tab.do(IMPORT, json.dumps(other)) == {"added": 1, "known": 0, "refused": 1}


def test_a_file_that_a_chat_or_an_editor_has_touched_is_read(tab: Tab) -> None:
    tab.log()
    text = tab.do(EXPORT)
    wipe(tab)
    tab.sign_in(ALVA)
    assert tab.do(IMPORT, "\ufeff" + text.replace("\n", "\r\n")) == {"added": 1, "known": 0, "refused": 0}


def test_a_time_without_a_zone_is_refused_and_a_field_for_a_name_not_kept(tab: Tab) -> None:
    tab.log()
    tab.log()
    file = json.loads(tab.do(EXPORT))
    texts = [json.loads(entry["operation"]) for entry in file["operations"]]
    texts[0]["at"] = texts[0]["at"].removesuffix("Z")
    texts[1]["data"]["note"] = "Somebody's name"
    for entry, operation in zip(file["operations"], texts, strict=True):
        entry["operation"] = json.dumps(operation)
    wipe(tab)
    tab.sign_in(ALVA)
    assert tab.do(IMPORT, json.dumps(file)) == {"added": 1, "known": 0, "refused": 1}
    kept = """() => new Promise((resolve) => {
      indexedDB.open('canvass').onsuccess = ({ target: { result: db } }) => {
        db.transaction('attempts').objectStore('attempts').getAll().onsuccess = ({ target }) => {
          db.close();
          resolve(JSON.stringify(target.result));
        };
      };
    })"""
    assert "name" not in tab.do(kept)
