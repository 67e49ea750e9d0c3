"""Local times are built from parts in one place: on two nights a year some do not exist and others come twice."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import calls, sources

ONLY_HERE = "canvass.core.clock"


def built(tree: ast.AST) -> Iterator[str]:
    """Each time that a module builds in a zone: combined, given the zone as an argument, or put into it."""
    for name, call in calls(tree):
        said = ast.unparse(call)
        zones = [ast.unparse(part) for part in [*call.args, *(keyword.value for keyword in call.keywords)]]
        is_local = any(zone.rpartition(".")[2] in ("ZONE", "ZoneInfo('Europe/Stockholm')") for zone in zones)
        if name == "combine" or (is_local and name != "astimezone"):
            yield said


def test_nothing_but_the_clock_builds_a_local_time() -> None:
    found = {name: list(built(tree)) for name, tree in sources().items() if name != ONLY_HERE}
    assert {name: some for name, some in found.items() if some} == {}


def test_the_rule_sees_every_way_to_build_one() -> None:
    planted = """
datetime.combine(day, time(2), clock.ZONE)
datetime.combine(day, time(2))
datetime(2026, 3, 29, 2, tzinfo=ZONE)
moment.replace(hour=2, tzinfo=clock.ZONE)
datetime.now(clock.ZONE)
moment.astimezone(clock.ZONE)
"""
    assert len(list(built(ast.parse(planted)))) == 5
