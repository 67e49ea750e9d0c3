"""How much processor time each page takes at the demo's size, and how many statements. Measures, and asserts nothing.

`python3 app.py test benchmarks/test_pages.py -s` prints it: for every view that answers a GET the median of the
processor's time in this thread, as the demo's administrator and in one process, without the server.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

import canvass
from canvass import cli, demo
from canvass.core import db, i18n
from canvass.fieldwork import areas, campaigns, shifts
from canvass.members import devices, joining, people, sessions

ROUNDS = 15
# Not pages of the product but ways in, each of which needs a token of its own.
SKIPPED = {"static", "setup.begin", "joining.invited", "joining.sign_in_link", "joining.demo", "numbers.watch"}
SKIPPED |= {"walls.watch", "calendars.follow", "area_files.preview", "earlier_years.preview"}


@pytest.fixture(scope="module")
def demo_app(folder: Path) -> Iterator[Flask]:
    """The product with the demo in it, on SQLite."""
    app = canvass.create_app(DATA=folder / "demo", TESTING=True)
    with app.app_context(), i18n.speaking("sv"):
        cli.bring_up_to_date(app)
        demo.fill()
        demo.links(app.config["SECRET_KEY"])
        db.session.commit()
        yield app
        db.session.remove()
        db.db.engine.dispose()


def test_the_pages(demo_app: Flask) -> None:
    rows = []
    for endpoint, address, role in addresses(demo_app):
        client = browser(demo_app, role)
        took, statements, size = measured(client, address)
        rows.append((took, statements, size, endpoint, role))
    print(f"\n{'ms':>6} {'first':>6} {'SQL':>4} {'kB':>5}")
    for (median, first), statements, size, endpoint, role in sorted(rows, reverse=True):
        print(f"{median:6.1f} {first:6.0f} {statements:4} {size / 1000:5.0f}  {endpoint} ({role})")


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """The endpoint, an address and who asks for it: a leader, and for the phone a volunteer."""
    leader = db.session.get_one(people.Person, demo.teams.person_id("leader"))
    campaign = next(c for c in campaigns.seen_by(leader) if c.state == "open")
    area = areas.owned_beneath(campaign.organisation_id)[0]
    of_campaign = select(shifts.Shift).where(shifts.Shift.campaign_id == campaign.id)
    shift = db.session.scalars(of_campaign.order_by(shifts.Shift.ends_at.desc())).first()
    wall = demo.wall(leader, app.config["SECRET_KEY"])
    link = joining.current_link(campaign.organisation_id, campaign.id)
    assert shift is not None
    assert wall is not None
    assert link is not None
    values = {
        "campaign_id": campaign.id,
        "organisation_id": campaign.organisation_id,
        "area_id": area.id,
        "shift_id": shift.id,
        "code": joining.code(link, app.config["SECRET_KEY"]),
        "token": walls_token(app, wall),
    }
    db.session.commit()
    build = app.url_map.bind("localhost").build
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint):
        if "GET" in (rule.methods or ()) and rule.endpoint not in SKIPPED:
            address = build(rule.endpoint, {name: values[name] for name in rule.arguments})
            yield rule.endpoint, address, "volunteer" if rule.endpoint.startswith("sync") else "admin"


def walls_token(app: Flask, wall: Any) -> str:
    """The token in the wallboard's address."""
    from canvass.insight import walls

    return walls.token(wall, app.config["SECRET_KEY"])


def browser(app: Flask, role: str) -> FlaskClient:
    """A browser on which this person of the demo is signed in."""
    person = db.session.get_one(people.Person, demo.teams.person_id(role))
    client = app.test_client()
    client.set_cookie("canvass_session", sessions.start(person, "")[1])
    client.set_cookie("canvass_device", devices.add(person, ""))
    db.session.commit()
    return client


def measured(client: FlaskClient, address: str) -> tuple[tuple[float, float], int, int]:
    """The milliseconds of processor time (median, first), the statements and the bytes of an answer."""
    times: list[float] = []
    statements = size = 0
    for _ in range(ROUNDS):
        db.session.remove()
        with counting() as seen:
            began = time.thread_time()
            answer = Context().run(client.get, address)
            times.append((time.thread_time() - began) * 1000)
        assert answer.status_code < 400, (address, answer.status_code)
        statements, size = len(seen), len(answer.data)
        answer.close()
    return (statistics.median(times[1:]), times[0]), statements, size


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements sent to the database inside the block, without those that begin a transaction."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.db.engine, "before_cursor_execute", note)
