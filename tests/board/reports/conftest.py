"""A campaign with attempts of every kind that reports tell apart."""

from __future__ import annotations

import pytest

from canvass.core import db
from tests.cast import Cast, log


@pytest.fixture
def logged(cast: Cast) -> Cast:
    """Seven conversations in eighteen attempts, over two associations, two days, three ways and three places."""
    log(cast, cast.alva, "talked", 3, area=cast.hageby_north)
    log(cast, cast.alva, "not_home", 8, area=cast.hageby_north)
    log(cast, cast.alva, "talked", 2, area=cast.ektorp_hill, days_ago=1)
    log(cast, cast.dag, "talked", 1, channel="stall", days_ago=1)
    log(cast, cast.dag, "refused", 3, channel="phone", area=cast.ektorp_hill)
    log(cast, cast.dag, "talked", 1, channel="phone", area=cast.ektorp_hill)
    db.session.commit()
    return cast
