"""Whatever is in a file, it is read or refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from tests.core.geojson.files import VILBERGEN, collection, feature, read

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([16.15, 58.57]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "geometry", "coordinates", "features", "crs", "id", "namn", "hushåll"]
            )
            | st.text(max_size=3),
            inner | st.sampled_from(["Feature", "FeatureCollection", "Polygon", "MultiPolygon"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_whatever_stands_in_a_file_it_is_read_or_refused(content: Any) -> None:
    for each in (
        content,
        collection(content),
        {**feature(), "geometry": content},
        {**feature(), "properties": content},
    ):
        reading = read(each)
        assert reading.features or reading.problems or reading.asks


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40))
def test_whatever_bytes_come_they_are_read_or_refused(content: Any) -> None:
    assert read(content).problems


GOOD = collection(feature(hushåll=3), feature("2", "Vilbergen", VILBERGEN, boendeform="villa"))


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside a value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], *path, key)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(places(GOOD))), anything)
def test_one_value_changed_anywhere_never_breaks_the_reading(place: Any, value: Any) -> None:
    content = copy.deepcopy(GOOD)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    reading = read(content)
    assert reading.features or reading.problems or reading.asks
    assert all(shape(f.geometry).is_valid for f in reading.features)
