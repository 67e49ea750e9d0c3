"""No date, number or text, in any field of any page or address, is a 500; nor is any page after it was saved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from flask import Flask, Request, has_request_context, request
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members import passwords
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import browser
from tests.house import limits
from tests.house.limits import Curious, Filled, Forms
from tests.house.test_pages import ids_for, tokens_for

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_unknown_hash", "")  # made with it
    monkeypatch.setattr(Request, "parameter_storage_class", Curious)


@pytest.fixture
def addresses(app: Flask, cast: Cast) -> dict[tuple[str, str], str]:
    """An address for each view, by its endpoint and method."""
    secret = app.config["SECRET_KEY"]
    tokens, ids = tokens_for(cast, secret), ids_for(cast, secret)
    db.session.commit()
    found = {}
    for rule in app.url_map.iter_rules():
        address = rule.rule.replace("<token>", tokens.get(rule.rule.split("/")[1], "no token"))
        for name, value in ids.items():
            address = address.replace(f"<{name}>", value)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if rule.endpoint != "static":
                found[rule.endpoint, method] = address
    return found


@pytest.fixture
def browsers(app: Flask, cast: Cast, signed_in: SignedIn) -> dict[str, FlaskClient]:
    """A browser for each role and one for a stranger. Their cookies stay as they are, whatever is answered."""
    people = {"admin": cast.adam, "board": cast.cia, "leader": cast.bo, "volunteer": cast.alva}
    found = {"stranger": browser(app)}
    for role, person in people.items():
        known = [signed_in(person).get_cookie(name) for name in ("canvass_session", "canvass_device")]
        found[role] = app.test_client(use_cookies=False)
        found[role].environ_base |= found["stranger"].environ_base
        found[role].environ_base["HTTP_COOKIE"] = "; ".join(f"{one.key}={one.value}" for one in known if one)
    return found


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, browsers: object, addresses: object) -> list[str]:
    """Take back what each request does when it ends. A list of the pages made while a writing transaction was open."""
    waiting: list[str] = []
    committed = list[Any]()

    def commit() -> None:
        if has_request_context():
            db.session.flush()
            committed[:] = [db.session()]

    def let_go() -> None:
        is_writing = db.session().in_transaction() and not db.is_reading()
        is_page = sys._getframe(1).f_code.co_name == "_read_from_here"
        if is_page and is_writing and db.session() not in committed:
            waiting.append(request.path)

    monkeypatch.setattr(db.session, "commit", commit)
    monkeypatch.setattr(db, "let_go", let_go)
    return waiting


def forms_on(client: FlaskClient, addresses: dict[tuple[str, str], str]) -> list[Filled]:
    """Every form of every page, one for each action and set of fields."""
    found: dict[tuple[Any, ...], Filled] = {}
    for (_endpoint, method), address in addresses.items():
        if method == "GET":
            answer = client.get(address)
            if answer.mimetype == "text/html":
                for form in Forms(answer.text, address).found:
                    found.setdefault((form.method, form.address.split("?")[0], *sorted(form.fields)), form)
    return list(found.values())


def bare(client: FlaskClient, addresses: dict[tuple[str, str], str], wanted: str) -> Iterator[Filled]:
    """Each view with nothing but the fields that it asks for, which may be on no page, as in an address."""
    for (_endpoint, method), address in addresses.items():
        if method == wanted:
            Curious.asked.clear()
            client.open(address, method=method)
            kinds = {name: "date" if name in ("first", "last", "from", "to") else "hidden" for name in Curious.asked}
            yield Filled(method, address, {}, kinds)


def send(client: FlaskClient, form: Filled, fields: dict[str, list[str]]) -> int:
    """The status that the form gets with these fields."""
    # Not every text is UTF-8: a browser sends none, a program may.
    sent = urlencode(fields, doseq=True, errors="surrogateescape").encode()
    if form.method == "GET":
        return client.get(form.address, query_string=sent.decode()).status_code
    kind = "application/x-www-form-urlencoded"
    return client.post(form.address, data=sent, content_type=kind).status_code


def failures(client: FlaskClient, forms: Iterable[Filled], values: Callable[[str], list[str]]) -> set[tuple[str, ...]]:
    """Which of the values, put in one field after the other, is a 500, in which field of which form."""
    found = set()
    for form in forms:
        names = {*form.fields, *form.kinds}
        tried = [({name}, value) for name in names for value in values(form.kinds.get(name, "text"))]
        # A last day long ago is refused unless the first is too.
        days = {name for name, kind in form.kinds.items() if kind == "date"}
        tried += [(days, value) for value in values("date") if len(days) > 1]
        for changed, value in tried:
            if send(client, form, {**form.fields, **{name: [value] for name in changed}}) == 500:
                found.add((form.method, form.address, *sorted(changed), value[:40]))
    return found


def test_no_input_is_too_much(
    browsers: dict[str, FlaskClient], addresses: dict[tuple[str, str], str], kept: list[str]
) -> None:
    is_sqlite, admin = db.db.engine.dialect.name == "sqlite", browsers["admin"]
    # PostgreSQL refuses numbers and texts that SQLite takes, and that is all that differs.
    values = limits.limits_of if is_sqlite else lambda kind: ["\0", "999999999999"] if kind == "text" else []
    found = set()
    for role, fewest in (("admin", 50), ("stranger", 5)):
        forms = forms_on(browsers[role], addresses)
        assert len(forms) > fewest
        found |= failures(browsers[role], forms, values)
    asked = [*bare(admin, addresses, "GET"), *(bare(admin, addresses, "POST") if is_sqlite else ())]
    found |= failures(admin, asked, limits.limits_of)
    for role in browsers if is_sqlite else []:  # all at once: they are refused, or the administrator has found it
        for form in asked:
            if send(browsers[role], form, {name: ["\0"] for name in form.kinds}) == 500:
                found.add((role, form.method, form.address))
    assert found == set()
    assert kept == []


def test_no_page_breaks_once_days_and_numbers_at_the_limit_are_saved(
    browsers: dict[str, FlaskClient], addresses: dict[tuple[str, str], str]
) -> None:
    admin = browsers["admin"]
    for first, last in (("2095-12-31", "2099-12-31"), ("1990-01-01", "1990-01-01")):
        forms = {form.address: form for form in forms_on(admin, addresses) if form.method == "POST"}
        typed = {
            "campaigns.save": {"starts_on": first, "ends_on": last, "target": "9999999"},
            "shifts.save": {"held_on": last, "begins": "20:00", "ends": "23:59", "coordinates": "90, 180"},
            "areas.save": {"households": "99999"},
        }
        for endpoint, fields in typed.items():
            form = forms[addresses[endpoint, "POST"]]
            assert send(admin, form, {**form.fields, **{name: [value] for name, value in fields.items()}}) == 303
        looked_at = {address for (_endpoint, method), address in addresses.items() if method == "GET"}
        assert {address for address in looked_at if admin.get(address).status_code == 500} == set()
