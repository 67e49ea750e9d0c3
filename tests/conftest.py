"""One app per engine and session, an empty database per test, the clock in the test's hand."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import Context, copy_context
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from typing import cast as cast_to

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck
from sqlalchemy import event, select
from sqlalchemy.pool import Pool

import canvass
from canvass.core import clock, db, i18n, state
from canvass.insight import plausibility, sums
from canvass.members import devices, sessions
from canvass.members.people import Person
from tests import postgres
from tests.cast import Cast, gather

# Seconds until a test that waits in vain gives up. Nothing passes or fails by how quick it is: on a busy machine all
# that a test waits for comes late.
PATIENCE = 120
# On a loaded machine examples are slow to make and to run, and that says nothing about the product.
hypothesis.settings.register_profile("canvass", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("canvass")

# A Wednesday evening in spring, in daylight saving time.
NOW = datetime(2026, 5, 6, 16, 30, tzinfo=UTC)


def engines() -> list[str]:
    """SQLite always; PostgreSQL where its binaries are. Its absence is said in the summary, see app.py."""
    return ["sqlite", *(["postgresql"] if os.environ.get("CANVASS_TEST_POSTGRES_BIN") else [])]


@pytest.fixture(scope="session", autouse=True)
def _no_connection_is_left_open() -> Iterator[None]:
    """Python from 3.13 on warns of one that the garbage collector finds, whichever test it then happens to be in."""
    is_open: dict[object, str] = {}

    def opened(connection: object, _record: object) -> None:
        is_open[connection] = os.environ.get("PYTEST_CURRENT_TEST", "none")

    def closed(connection: object, _record: object) -> None:
        is_open.pop(connection, None)

    event.listen(Pool, "connect", opened)
    event.listen(Pool, "close", closed)
    yield
    event.remove(Pool, "connect", opened)
    event.remove(Pool, "close", closed)
    assert is_open == {}, "opened in these tests, and never closed"


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for the session's databases, in memory where there is such a place: the disk is not under test."""
    shm = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="canvass-", dir=shm if shm.is_dir() else None))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the Chromium that app.py found. Without one the test is skipped, and app.py says so at the end."""
    return os.environ.get("CANVASS_TEST_CHROMIUM") or pytest.skip("there is no browser to test with")


@pytest.fixture(scope="session")
def apps(folder: Path) -> Iterator[Callable[[str], Flask]]:
    """`apps("sqlite")` is the app on that engine, made once, with its schema made by the migrations."""
    made: dict[str, Flask] = {}
    with ExitStack() as closing:

        def app_on(engine: str) -> Flask:
            if engine not in made:
                made[engine] = make(engine, folder, closing)
            return made[engine]

        yield app_on


def make(engine: str, folder: Path, closing: ExitStack) -> Flask:
    """The product on `engine`; `closing` ends what was begun for it."""
    url = ""
    if engine == "postgresql":
        url, stop = postgres.start(folder / "cluster")
        closing.callback(stop)
    app = canvass.create_app(DATA=folder / engine, DATABASE_URL=url, TESTING=True)
    app.config["DATA"].mkdir(exist_ok=True)
    closing.enter_context(disposing(app))
    with app.app_context():
        upgrade()
    return app


@contextmanager
def disposing(app: Flask) -> Iterator[Flask]:
    """The app, whose connections to its database are closed afterwards: else that waits for the garbage collector."""
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.db.engine.dispose()


@pytest.fixture(params=engines())
def engine_app(request: pytest.FixtureRequest, apps: Callable[[str], Flask]) -> Flask:
    """The app on each engine in turn; made once per session, in whatever order the tests come."""
    return apps(request.param)


@pytest.fixture
def app(engine_app: Flask) -> Iterator[Flask]:
    """The app with an empty database, inside an app context and with the clock stopped at NOW."""
    with engine_app.app_context(), clock.stopped(NOW), i18n.speaking("sv"):
        empty()
        db.session.commit()
        state.begin(engine_app.config["DATA"])
        sums._cache.clear()  # the cast comes back with the same ids
        plausibility._cache.clear()
        yield engine_app
        db.session.rollback()
        db.session.remove()


def empty() -> None:
    """Nothing left in any table. Straight to the driver: forty statements a test add up to minutes."""
    statements = [f"DELETE FROM {table.name}" for table in reversed(db.Base.metadata.sorted_tables)]
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        statements = ["; ".join(statements)]
    driver = cast_to(Any, connection.connection.driver_connection)
    for statement in statements:
        driver.execute(statement)


gathered: dict[Flask, tuple[dict[Any, list[Any]], dict[str, tuple[Any, str]]]] = {}


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Everybody, committed. Gathered once per engine; after that the same rows are put back, which is much quicker."""
    if app not in gathered:
        found = gather()
        db.session.commit()
        tables = [table for table in db.Base.metadata.sorted_tables if table.name != "server_facts"]
        rows = {table: [dict(row) for row in db.session.execute(table.select()).mappings()] for table in tables}
        ids = {field.name: getattr(found, field.name) for field in fields(found)}
        gathered[app] = (rows, {name: (type(thing), thing.id) for name, thing in ids.items()})
        return found
    rows, ids = gathered[app]
    for table, content in rows.items():
        if content:
            db.session.execute(table.insert(), content)
    db.session.commit()
    # Each kind at once: after that they are at hand by their ids.
    known = [db.session.scalars(select(kind)).all() for kind in {kind for kind, _id in ids.values()}]
    found = Cast(**{name: db.session.get_one(kind, id_) for name, (kind, id_) in ids.items()})
    del known
    return found


@pytest.fixture
def later() -> Callable[..., Any]:
    """`with later(days=3):` moves the clock on from NOW."""
    return lambda **spans: clock.stopped(NOW + timedelta(**spans))


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser nobody is signed in on."""
    return browser(app)


@pytest.fixture
def signed_in(app: Flask) -> Callable[[Person], FlaskClient]:
    """`signed_in(cast.bo)` is Bo's browser."""

    def sign_in(person: Person) -> FlaskClient:
        client = browser(app)
        _session, token = sessions.start(person, "Test")
        client.set_cookie("canvass_session", token)
        client.set_cookie("canvass_device", devices.add(person, "Test"))
        db.session.commit()
        return client

    return sign_in


class Browser(FlaskClient):
    """Each request runs as on the server: in a context and a transaction of its own, never in the test's."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.commit()
        return Context().run(super().open, *args, **kwargs)


def browser(app: Flask) -> FlaskClient:
    """A client that says, as browsers do, that its requests come from our own pages."""
    app.test_client_class = Browser
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sv"
    return client


def in_a_loop(scene: Coroutine[Any, Any, None]) -> None:
    """Play it to the end in an event loop of its own: this thread may have Playwright's, which never ends."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(copy_context().run, asyncio.run, scene).result()


@contextmanager
def questions() -> Iterator[list[str]]:
    """The statements sent to the database inside the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.db.engine, "before_cursor_execute", note)
