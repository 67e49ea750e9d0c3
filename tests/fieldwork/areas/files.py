"""Files of areas in Norrköping, and the areas that come of them."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.fieldwork import area_files
from canvass.fieldwork.areas import Area
from canvass.members.organisations import Organisation
from tests.cast import Cast


def feature(code: Any, name: str = "", *, east: float = 0, is_bare: bool = False, **properties: Any) -> dict[str, Any]:
    """A square of about 500 metres in Norrköping, `east` squares to the right."""
    x, y = 16.17 + 0.01 * east, 58.57
    ring = [[x, y], [x + 0.009, y], [x + 0.009, y + 0.005], [x, y + 0.005], [x, y]]
    return {
        "type": "Feature",
        "properties": {"kod": code, "namn": name, **properties} if code else {},
        "geometry": None if is_bare else {"type": "Polygon", "coordinates": [ring]},
    }


def file_of(*features: dict[str, Any]) -> bytes:
    """A GeoJSON file of these features."""
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def of(organisation: Organisation) -> dict[str, Area]:
    """An organisation's areas by code, read anew."""
    db.session.flush()
    db.session.expire_all()
    return {area.code: area for area in db.session.scalars(select(Area).where(Area.organisation_id == organisation.id))}


def brought_in(cast: Cast, *features: dict[str, Any], housing: str = "") -> area_files.Plan:
    """A file read into Hageby's areas."""
    plan = area_files.plan_import(cast.hageby, file_of(*features), housing=housing)
    area_files.carry_out(plan, housing=housing, by=cast.bo)
    return plan


def upload(client: FlaskClient, organisation: Organisation, content: bytes | None, **fields: str) -> Any:
    """Choose a file in the form and send it."""
    data: dict[str, Any] = {
        "organisation": organisation.id,
        "code_field": "",
        "name_field": "",
        "housing": "",
        **fields,
    }
    if content is not None:
        data["file"] = (io.BytesIO(content), "hageby.geojson")
    answer = client.post("/areas/import", data=data, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the client itself leaves a large body's file open
    return answer


def mark_in(text: str) -> str:
    """The preview's mark, which its button sends back."""
    found = re.search(r'name="mark" value="(\w+)"', text)
    assert found is not None
    return found[1]
