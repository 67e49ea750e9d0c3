"""What reading a large file of outlines costs. `python3 app.py test benchmarks/test_outlines.py -s`.

Not part of the suite: it measures, and asserts nothing about time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canvass.core.settings import ROOT
from tests.core.geojson.files import Ring, collection, districts, feature, in_sweref

READ = """
import sys, time
from pathlib import Path
from canvass.core import geojson
from canvass.core.geometry import polygons

data = Path(sys.argv[1]).read_bytes()
start = time.process_time()
reading = geojson.read(data)
spent = time.process_time() - start
left = sum(len(ring) for f in reading.features for part in polygons(f.geometry) for ring in part)
print(f"{len(data) / 1e6:.1f} MB, {len(reading.features)} outlines read and {len(reading.problems)} refused")
print(f"{spent:.1f} seconds of one core, {left} positions left")
"""


def in_degrees(ring: Ring) -> Ring:
    """To a decimetre, as map programs write them."""
    return [[round(x, 6), round(y, 6)] for x, y in ring]


@pytest.mark.parametrize(("written", "size"), [(in_degrees, 48), (in_sweref, 45)])
def test_a_file_of_nearly_thirty_megabytes(written: Callable[[Ring], Ring], size: int, tmp_path: Path) -> None:
    """Two thousand districts with crooked borders, each of five hundred corners, in a process of their own."""
    path = tmp_path / "districts.geojson"
    rings = districts(size, west=14, south=58)
    path.write_text(json.dumps(collection(*(feature(str(n), ring=written(r)) for n, r in enumerate(rings)))), "utf-8")
    said = subprocess.run([sys.executable, "-c", READ, str(path)], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert said.returncode == 0, said.stderr
    print(f"\n{sum(map(len, rings))} positions: {said.stdout}", end="")
