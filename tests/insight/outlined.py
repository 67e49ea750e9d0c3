"""Areas with outlines, for tests of maps."""

from __future__ import annotations

from canvass.fieldwork import area_files, areas
from canvass.fieldwork.areas import Area
from tests.cast import Cast
from tests.fieldwork.areas.files import feature, file_of


def outlined(cast: Cast) -> list[Area]:
    """Norrköping's own two squares side by side, as imported from a file."""
    plan = area_files.plan_import(cast.norrkoping, file_of(feature("1", "Ljura"), feature("2", "Smedby", east=1)))
    area_files.carry_out(plan, by=cast.bo)
    return areas.owned_by(cast.norrkoping.id)
