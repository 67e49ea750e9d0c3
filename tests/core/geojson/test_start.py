"""shapely and numpy are loaded when a file of outlines is read, and by nothing else that the server does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from canvass.core import db, geojson
from canvass.core.settings import ROOT
from canvass.members.people import Person
from tests.cast import Cast
from tests.fieldwork.areas.files import brought_in, feature, file_of, mark_in, of, upload

SignedIn = Callable[[Person], FlaskClient]

START = """
import sys
import canvass
from canvass.serving import asgi, server

canvass.create_app(DATA=sys.argv[1], DATABASE_URL=f"sqlite:///{sys.argv[1]}/canvass.db")
loaded = {name.partition(".")[0] for name in sys.modules} & {"numpy", "shapely"}
sys.exit(f"loaded: {loaded}" if loaded else 0)
"""


def test_a_start_loads_neither_shapely_nor_numpy(tmp_path: Path) -> None:
    """They would cost 20 MB and a third of a second on a small machine."""
    done = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path)], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_page_of_areas_but_the_upload_needs_them(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = signed_in(cast.bo)
    brought_in(cast, feature("H1", "Hageby norra"))
    preview = upload(bo, cast.hageby, file_of(feature("H3", "Navestad", east=1))).headers["Location"]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("numpy", "shapely")]:
        monkeypatch.setitem(sys.modules, name, None)
    for module in ("outlines", "systems", "sweref", "validity"):
        monkeypatch.setitem(sys.modules, f"{geojson.__name__}.{module}", None)
        monkeypatch.delattr(geojson, module)
    assert bo.post(f"{preview}/confirm", data={"mark": mark_in(bo.get(preview).text)}).status_code == 303
    db.session.commit()
    area, campaign = f"/areas/{of(cast.hageby)['H3'].id}", f"/campaigns/{cast.spring.id}"
    for page in ("/areas", area, f"{campaign}/map", f"{campaign}/map/{cast.hageby_north.id}", "/api/v1/outlines"):
        assert bo.get(page).status_code == 200, page
    with pytest.raises(ImportError):
        geojson.read(file_of(feature("H4")))
