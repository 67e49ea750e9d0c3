"""What the tests of targets share: readers of the page, and makers of parts and earlier results."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from canvass.board.earlier_years.models import EarlierImport, EarlierResult
from canvass.core import db
from canvass.fieldwork import targets
from canvass.insight.targets import trees
from canvass.insight.targets.parts import Part
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]


def address(cast: Cast, **chosen: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in chosen.items())
    return f"/campaigns/{cast.spring.id}/targets?{query}"


def look(client: FlaskClient, where: str) -> str:
    """The page as people read it: plain spaces, no entities."""
    answer = client.get(where)
    assert answer.status_code == 200, answer.text
    return plain(answer.text)


def plain(text: str) -> str:
    return html.unescape(text).replace("\u202f", " ").replace("\xa0", " ")


def fields(text: str) -> dict[str, str]:
    """What the list of parts would send as it stands."""
    form = (
        text.split('<table class="allocation">')[0].rsplit("<form", 1)[1] + text.split('<table class="allocation">')[1]
    )
    return dict(re.findall(r'<input[^>]*?name="((?!keep)[^"]+)"[^>]*?value="([^"]*)"', form.split("</form>")[0]))


def sum_line(text: str) -> str:
    found = re.search(r'id="sum"[^>]*>([^<]*)<', text)
    assert found is not None
    return found[1]


def names(text: str) -> list[str]:
    """The parts shown, from above."""
    return re.findall(r'<th scope="row">.*?<a [^>]*>([^<]*)</a>', text, re.DOTALL)


def wrong_fields(text: str) -> set[str]:
    return set(re.findall(r'id="f-([\w-]+)-wrong"', text))


def agreed(cast: Cast) -> dict[str, int]:
    """What is agreed, by name."""
    found = targets.agreed(cast.spring)
    return {node.name: found[node.id] for node in (cast.norrkoping, cast.hageby, cast.ektorp) if node.id in found}


def part(name: str, **figures: Any) -> Part:
    facts: dict[str, Any] = {"code": "", "owner_id": name, "above": (), "is_area": False, "is_direct": True}
    return Part(id=name, name=name, **facts | {"agreed": None, "result": 0, "ahead": None} | figures)


def parts_of(cast: Cast, node: Organisation, of: str = "", **how: Any) -> dict[str, Part]:
    return {found.name: found for found in trees.tree(cast.spring, node, of, **how).parts}


def earlier(organisation: Organisation, year: int, number: int, channel: str = "", **states: Any) -> None:
    """A file of earlier years that says so, confirmed unless `states` says otherwise."""
    file = EarlierImport(organisation_id=organisation.id, content=[], **{"confirmed_at": NOW} | states)
    db.session.add(file)
    db.session.flush()
    result = {"organisation_id": organisation.id, "year": year, "channel": channel, "conversations": number}
    db.session.add(EarlierResult(import_id=file.id, **result))
    db.session.flush()
