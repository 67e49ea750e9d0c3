"""The map of a campaign's ground as an SVG drawing: outlines with shades, values and links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app, url_for

from canvass.core import geometry
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import coverage
from canvass.insight.coverage import Ground
from canvass.web.insight import measures
from canvass.web.page import drawings, frames
from canvass.web.page.drawings import Drawing, Place
from canvass.web.page.frames import Frame


@dataclass(frozen=True)
class Map:
    """A map of a campaign's ground by one measure. `at` is what links say of the level: None where it is the usual."""

    campaign: Campaign
    grounds: list[Ground]
    measure: str
    at: str | None

    def draw(self, outlines: dict[str, geometry.Geometry], shown: Iterable[geometry.Geometry]) -> Drawing:
        """A picture that fits the outlines `shown`, with all of `outlines` (by ground id) that reach into it."""
        if not outlines:
            return Drawing()
        frame = _frame(shown, margin=drawings.CHART_WIDTH / 100)
        within = {id_: outline for id_, outline in outlines.items() if drawings.is_within(frame, outline)}
        return drawings.draw_places(frame, self._places(within), tiles())

    def draw_around(self, area: Area) -> Drawing:
        """The area in the middle, without a link, among its neighbours."""
        outlines = coverage.outlines(self.grounds)
        own = outlines.pop(area.id, None)
        if own is None:
            return Drawing()
        frame = _frame([own], margin=drawings.CHART_WIDTH / 5)
        near = {id_: outline for id_, outline in outlines.items() if drawings.is_within(frame, outline)}
        # The area comes last, so that its edge is drawn above its neighbours'.
        drawing = drawings.draw_places(frame, [*self._places(near), *self._places({area.id: own})], tiles())
        drawing.outlines[-1] |= {"url": "", "look": f"{drawing.outlines[-1]['look']} map-here"}
        return drawing

    def address(self, ground: Ground) -> str:
        """Where ground leads: an area's page, or the map of a municipality."""
        by = None if self.measure == coverage.MEASURES[0] else self.measure
        if ground.area:
            return url_for("coverage.area", campaign_id=self.campaign.id, area_id=ground.id, at=self.at, by=by)
        return url_for("coverage.page", campaign_id=self.campaign.id, at=ground.id, by=by)

    def _places(self, outlines: dict[str, geometry.Geometry]) -> list[Place]:
        """What to draw of the ground that has one of these outlines."""
        return [
            Place(
                outline=outlines[ground.id],
                name=ground.name,
                url=self.address(ground),
                look=measures.look(ground.step(self.measure)),
                label=f"{ground.name}: {measures.stated(ground, self.measure)}",
                value=measures.briefly(ground, self.measure),
            )
            for ground in self.grounds
            if ground.id in outlines
        ]


def tiles() -> str:
    """The address of the operator's tile server; '' when none is named."""
    return str(current_app.config["TILES_URL"])


def _frame(shown: Iterable[geometry.Geometry], margin: float) -> Frame:
    """The frame that fits these outlines; in Mercator's projection only on tiles, since it enlarges the north."""
    rise = frames.mercator if tiles() else frames.plain
    return drawings.frame_of(shown, drawings.CHART_WIDTH, margin, rise)
