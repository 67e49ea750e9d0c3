"""Live numbers: rendered once, handed to all who watch, and to nobody who no longer may."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import db, i18n, markers
from canvass.fieldwork import targets
from canvass.insight import streams
from canvass.members import organisations, people, sessions
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.members.sessions import Session
from canvass.web.insight import blocks, watching
from tests.cast import Cast, log
from tests.conftest import PATIENCE, in_a_loop

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at everything at every turn, so that nobody waits."""
    for name in ("LOOK_EVERY", "TICK", "SEEN_EVERY", "CHECK_EVERY", "LINES_EVERY"):
        monkeypatch.setattr(streams, name, 0.01)
    monkeypatch.setattr(streams, "SHARE", 1)
    monkeypatch.setattr(blocks, "BACKGROUND_LASTS", 0)
    # And nothing comes but what a test has caused.
    for name in ("RENEW_EVERY", "HEARTBEAT"):
        monkeypatch.setattr(streams, name, 3600)


class Hall:
    """A hub at work, and people who come to watch."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.hub, self.cast = streams.Hub(app.app_context), cast

    def sit(self, who: Person | Session, node: Organisation | None = None, *, is_packed: bool = False) -> Viewer:
        """Somebody begins to watch the spring campaign, from Norrköping unless said otherwise."""
        opened = who if isinstance(who, Session) else sessions.start(who)[0]
        node = node or self.cast.norrkoping
        subject = blocks.subject(self.cast.spring, node, **blocks.rights(opened.person, node))
        db.session.commit()
        watch = streams.Watch(subject, sessions.still_valid, sessions.credentials(opened))
        return Viewer(self.hub.join(watch), is_packed)

    async def sees(self, *viewers: Viewer, total: int) -> None:
        """Until each of them is shown that many conversations."""
        for viewer in viewers:
            while f'figure-value">{total} ' not in viewer.shown and f'figure-value">{total}<' not in viewer.shown:
                await viewer.next()


class Viewer:
    """Somebody's place, and what they have been shown."""

    def __init__(self, seat: streams.Seat, is_packed: bool) -> None:
        self.seat, self.frames = seat, seat.frames(is_packed=is_packed)
        self.blocks: list[str] = []

    @property
    def shown(self) -> str:
        return self.blocks[-1] if self.blocks else ""

    async def next(self) -> None:
        """Until another block is shown. Raises StopAsyncIteration at the end of the stream."""
        shown = len(self.blocks)
        while len(self.blocks) == shown:
            text = (await asyncio.wait_for(anext(self.frames), PATIENCE)).decode()
            if text.startswith("data: "):
                self.blocks.append("\n".join(line.removeprefix("data: ") for line in text.strip().split("\n")))

    async def is_sent_away(self) -> bool:
        """Until the stream ends."""
        try:
            while True:
                await self.next()
        except StopAsyncIteration:
            return True


@pytest.fixture
def watch(app: Flask, cast: Cast) -> Callable[[Callable[[Hall], Awaitable[None]]], None]:
    """`watch(scene)` plays a scene in a hall whose hub is at work."""

    @asynccontextmanager
    async def hall() -> AsyncIterator[Hall]:
        found = Hall(app, cast)
        found.hub.open(asyncio.get_running_loop())
        try:
            yield found
        finally:
            found.hub.close()
            for thread in threading.enumerate():
                if thread.name == "streams":
                    await asyncio.to_thread(thread.join, PATIENCE)

    async def play(scene: Callable[[Hall], Awaitable[None]]) -> None:
        async with hall() as found:
            await scene(found)

    return lambda scene: in_a_loop(play(scene))


Watch = Callable[[Callable[[Hall], Awaitable[None]]], None]


def test_a_block_is_rendered_once_for_all_who_watch_it(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        viewers = [hall.sit(who) for who in (cast.bo, cast.adam, cast.bo)]
        await hall.sees(*viewers, total=0)
        assert hall.hub.renders == 1
        log(cast, cast.alva)
        db.session.commit()
        await hall.sees(*viewers, total=1)
        assert hall.hub.renders == 2
        assert {len(viewer.blocks) for viewer in viewers} == {2}
        assert len({viewer.seat.room.frame for viewer in viewers}) == 1

    watch(scene)


def test_what_is_streamed_is_what_the_page_holds(cast: Cast, signed_in: SignedIn, watch: Watch) -> None:
    log(cast, cast.alva, number=6, topics=["Skolan"], area=cast.hageby_north)
    log(cast, cast.dag, "not_home", days_ago=2)
    cast.adam.language = "en"
    db.session.commit()

    async def scene(hall: Hall) -> None:
        for who, node, language in [(cast.bo, cast.norrkoping, "sv"), (cast.alva, cast.hageby, "en")]:
            client = signed_in(who)
            client.set_cookie("canvass_language", language)
            part = client.get(f"/campaigns/{cast.spring.id}?at={node.id}", headers={"HX-Request": "true"}).text
            with i18n.speaking(language):
                viewer = hall.sit(who, node)
            await viewer.next()
            assert viewer.shown == part.strip()

    watch(scene)


def test_each_level_is_shown_its_own_numbers(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        top, hageby, ektorp = (hall.sit(cast.adam, node) for node in (cast.norrkoping, cast.hageby, cast.ektorp))
        log(cast, cast.alva)
        log(cast, cast.dag, number=3)
        db.session.commit()
        await hall.sees(top, total=4)
        await hall.sees(hageby, total=1)
        await hall.sees(ektorp, total=3)

    watch(scene)


def test_what_is_not_counted_is_seen_as_well(cast: Cast, watch: Watch) -> None:
    """A target, a name, what waits on phones: no pulse tells of them."""

    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo)
        await hall.sees(viewer, total=0)
        targets.agree(cast.spring, cast.norrkoping, 77, by=cast.bo)
        organisations.rename(cast.hageby, "Hagebys s-förening")
        db.session.commit()
        while "77 samtal kvar" not in viewer.shown or "Hagebys" not in viewer.shown:
            await viewer.next()

    watch(scene)


def test_what_has_not_changed_is_not_sent(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo)
        await hall.sees(viewer, total=0)
        before = hall.hub.renders
        people.add("Ny", cast.hageby)
        db.session.commit()
        while hall.hub.renders == before:
            await asyncio.sleep(0)
        log(cast, cast.alva)
        db.session.commit()
        await hall.sees(viewer, total=1)
        assert len(viewer.blocks) == 2

    watch(scene)


def test_numbers_of_today_end_with_the_day(
    cast: Cast, watch: Watch, later: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log(cast, cast.alva)

    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo)
        today = 'Idag</p>\n  <p class="figure-value">{}<'
        await viewer.next()
        assert today.format(1) in viewer.shown
        with later(days=1):
            monkeypatch.setattr(streams, "RENEW_EVERY", 0)
            while today.format(0) not in viewer.shown:
                await viewer.next()

    watch(scene)


def test_a_slow_reader_skips_and_never_queues(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        quick, slow = hall.sit(cast.bo), hall.sit(cast.bo)
        await hall.sees(quick, slow, total=0)
        for number in range(1, 4):
            log(cast, cast.alva)
            db.session.commit()
            await hall.sees(quick, total=number)
        await slow.next()
        assert len(quick.blocks) == 4
        assert slow.blocks == [quick.blocks[0], quick.blocks[-1]]

    watch(scene)


def test_who_loses_a_role_is_sent_away_and_nobody_else(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        bo, cia = hall.sit(cast.bo), hall.sit(cast.cia)
        await hall.sees(bo, cia, total=0)
        people.revoke(cast.bo.memberships[0], by=cast.adam.id)
        db.session.commit()
        assert await bo.is_sent_away()
        log(cast, cast.alva)
        db.session.commit()
        await hall.sees(cia, total=1)

    watch(scene)


def test_who_is_given_another_role_opens_another_stream(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        alva = hall.sit(cast.alva, cast.hageby)
        await alva.next()
        people.grant(cast.alva, "leader", cast.hageby)
        db.session.commit()
        assert await alva.is_sent_away()

    watch(scene)


def test_signing_out_ends_the_streams_of_that_browser(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        opened = sessions.start(cast.bo)[0]
        here, elsewhere = hall.sit(opened), hall.sit(cast.bo)
        await hall.sees(here, elsewhere, total=0)
        sessions.end(opened)
        db.session.commit()
        assert await here.is_sent_away()
        log(cast, cast.alva)
        db.session.commit()
        await hall.sees(elsewhere, total=1)

    watch(scene)


def test_a_moved_organisation_is_no_longer_watched(cast: Cast, watch: Watch) -> None:
    """Whoever watched it through a role above may have none above it now."""

    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo, cast.hageby)
        await hall.sees(viewer, total=0)
        organisations.move(cast.hageby, cast.linkoping)
        db.session.commit()
        assert await viewer.is_sent_away()

    watch(scene)


def test_one_block_that_fails_stops_no_other(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        def fail() -> str:
            raise ZeroDivisionError

        broken = streams.Subject(("broken",), cast.spring.id, (cast.norrkoping.id,), fail)
        unlucky = Viewer(hall.hub.join(streams.Watch(broken, set, "key")), is_packed=False)
        viewer = hall.sit(cast.bo)
        assert await unlucky.is_sent_away()
        log(cast, cast.alva)
        db.session.commit()
        await hall.sees(viewer, total=1)

    watch(scene)


def test_no_stream_lasts_for_ever(cast: Cast, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LIFETIME", 0.01)

    async def scene(hall: Hall) -> None:
        assert await hall.sit(cast.bo).is_sent_away()

    watch(scene)


def test_a_server_that_stops_sends_everybody_away(cast: Cast, watch: Watch) -> None:
    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo)
        await viewer.next()
        hall.hub.close()
        assert await viewer.is_sent_away()
        assert await hall.sit(cast.bo).is_sent_away()  # who comes too late

    watch(scene)


def test_packed_frames_follow_one_another_in_any_selection(cast: Cast, watch: Watch) -> None:
    frames = [streams.Frame(f"data: {'Hageby ' * number}\n\n") for number in range(1, 6)]
    for chosen in (frames, frames[3:], frames[::-2]):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        assert unpacker.decompress(streams.GZIP_HEADER) == b""
        # Each is whole as soon as it has come.
        assert [unpacker.decompress(frame.packed) for frame in chosen] == [frame.plain for frame in chosen]

    async def scene(hall: Hall) -> None:
        viewer = hall.sit(cast.bo, is_packed=True)
        assert await anext(viewer.frames) == streams.GZIP_HEADER

    watch(scene)


def test_anybodys_commit_is_seen_and_reading_is_not(app: Flask, cast: Cast) -> None:
    marker = markers.Marker(db.db.engine)
    try:
        before = marker.read()
        organisations.beneath(cast.norrkoping.id)
        db.session.commit()
        assert marker.read() == before
        log(cast, cast.alva)
        assert marker.read() == before
        db.session.commit()
        assert marker.read() != before
    finally:
        marker.close()


def test_a_session_that_has_ended_stands_no_longer(cast: Cast, later: Callable[..., Any]) -> None:
    kept, ended = (sessions.start(cast.bo)[0] for _ in range(2))
    nobody = people.add("Ny", cast.hageby)
    without_role = sessions.start(nobody)[0]
    db.session.flush()
    known = {sessions.credentials(one) for one in (kept, ended, without_role)}
    assert sessions.still_valid(known) == known
    sessions.end(ended)
    db.session.flush()
    assert sessions.still_valid(known) == {sessions.credentials(kept), sessions.credentials(without_role)}
    with later(days=31):
        assert sessions.still_valid(known) == {sessions.credentials(without_role)}
    people.grant(nobody, "volunteer", cast.hageby)
    assert sessions.still_valid(known) == {sessions.credentials(kept)}


def test_a_server_without_streams_says_so_and_the_page_asks_instead(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    address = f"/campaigns/{cast.spring.id}/live?at={cast.hageby.id}"
    answer = bo.get(address)
    assert (answer.status_code, answer.data) == (204, b"")
    wanted: list[streams.Watch] = []
    answer = bo.get(address, environ_overrides={watching.WANTED: wanted})
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200, "text/event-stream", "no-store",
    )  # fmt: skip
    assert [watch.subject.line[0] for watch in wanted] == [cast.hageby.id]


def test_nobody_watches_without_being_let_in(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    address = f"/campaigns/{cast.spring.id}/live"
    for client, status in ((stranger, 401), (signed_in(cast.esa), 404)):
        wanted: list[streams.Watch] = []
        answer = client.get(address, environ_overrides={watching.WANTED: wanted}, headers={"HX-Request": "true"})
        assert (answer.status_code, wanted) == (status, [])
