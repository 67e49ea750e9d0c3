"""Acknowledged operations stay on the phone until they are in a verified backup."""

from __future__ import annotations

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import Tab


def test_what_is_in_a_verified_backup_leaves_the_phone(tab: Tab, server: QueueServer) -> None:
    server.now = "2026-05-01T12:00:00.000Z"
    attempt = tab.log()
    tab.start()
    assert tab.states() == ["acknowledged"]
    # The server reads its clock before it commits: a backup within the same minute may have been taken between.
    server.now, server.durable_before = "2026-05-01T13:00:00Z", "2026-05-01T12:00:30+00:00"
    tab.log()
    tab.flush()
    assert tab.states() == ["acknowledged", "acknowledged"]
    server.durable_before = "2026-05-01T12:30:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [2, 3]
    # It can still be corrected today, and is not sent again.
    assert attempt["id"] in [a["id"] for a in tab.do("() => outbox.recent(9)")]
    assert tab.change(attempt, n=2)["rev"] == 2


def test_without_backups_it_leaves_after_thirty_days_by_the_servers_clock_alone(tab: Tab, server: QueueServer) -> None:
    server.now = "2026-05-01T12:00:00Z"
    tab.log()
    tab.start()
    tab.page.clock.set_fixed_time("2039-01-01T00:00:00Z")  # the phone is wrong by years
    server.now = "2026-05-31T11:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]
    server.now = "2026-05-31T13:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [2, 3]


def test_a_backup_that_has_not_reached_it_keeps_it_on_the_phone(tab: Tab, server: QueueServer) -> None:
    server.now, server.durable_before = "2026-05-01T12:00:00Z", "2026-04-30T00:00:00Z"
    tab.log()
    tab.start()
    server.now = "2026-07-01T12:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]


def test_a_backup_that_is_yet_to_come_is_none(tab: Tab, server: QueueServer) -> None:
    server.now = "2026-05-01T12:00:00Z"
    tab.log()
    tab.start()
    server.now, server.durable_before = "2026-05-01T13:00:00Z", "2026-05-01T13:00:01Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]


def test_what_waits_is_never_pruned(tab: Tab, server: QueueServer) -> None:
    server.judge = lambda operation: {"verdict": "retry", "seconds": 1}
    server.now, server.durable_before = "2026-07-01T12:00:00Z", "2099-01-01T00:00:00Z"
    tab.log()
    tab.start()
    assert tab.states() == ["pending"]
