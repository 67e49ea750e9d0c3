"""What the tests of earlier years share: a file, and ways to import it."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from canvass.board.earlier_years import imports, previews
from canvass.board.earlier_years.models import EarlierImport
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast

SignedIn = Callable[[Person], FlaskClient]

SWEDISH = "Organisation;Kommunkod;År;Samtal;Mål\r\n"
FILE = SWEDISH + "Hageby;;2025;1 264;1 200\r\nEktorp s-förening;;2025;405;\r\n;581;2024;900;1000\r\n"


def upload(client: FlaskClient, node: Organisation, content: str | bytes) -> TestResponse:
    data = content.encode("utf-8-sig") if isinstance(content, str) else content
    return client.post(f"/organisations/{node.id}/earlier-years", data={"file": (io.BytesIO(data), "år.csv")})


def bring_in(cast: Cast, *rows: tuple[Organisation, int, int], channel: str = "", **more: str) -> EarlierImport:
    """An import that stands, without a browser."""
    content = [
        {"line": line, "organisation": node.name, "year": str(year), "conversations": str(number), "channel": channel}
        | more
        for line, (node, year, number) in enumerate(rows, 2)
    ]
    kept = imports.keep(cast.norrkoping, content, by=cast.bo)
    assert imports.confirm(kept, skips_faulty=False, by=cast.bo) == len(rows)
    return kept


def previewed(cast: Cast, **row: str) -> previews.Row:
    """What a single row would come to at Norrköping."""
    given = {"organisation": "Hageby", "year": "2025", "conversations": "7", **row}
    (found,) = previews.preview(cast.norrkoping, [{"line": 2, **given}]).rows
    return found
