// Which area a position lies in. Worked out on the phone: the position is not sent anywhere.

const METRES = 111_320; // in a degree of latitude
const boxes = new WeakMap();

// `outlines`: a GeoJSON FeatureCollection in WGS84, or null; `lon` and `lat` in degrees, known to within `accuracy`
// metres. Gives {id, near}: the area that the position lies in for certain, or null; and the ids of all those that it
// may lie in, the likeliest first. Where areas overlap, the one with the smallest bounding box comes first: a block
// inside its district.
export function areaAt(outlines, lon, lat, accuracy = 0) {
  const found = [];
  for (const { id, geometry } of outlines?.features ?? []) {
    const polygons = { Polygon: [geometry?.coordinates], MultiPolygon: geometry?.coordinates }[geometry?.type];
    if (!polygons) continue;
    if (!boxes.has(geometry)) boxes.set(geometry, boxAround(polygons));
    const [west, south, east, north] = boxes.get(geometry);
    const [high, wide] = [accuracy / METRES, accuracy / METRES / Math.cos((lat * Math.PI) / 180)];
    if (lon < west - wide || lon > east + wide || lat < south - high || lat > north + high) continue;
    const border = distance(polygons, lon, lat);
    const isIn = polygons.some((rings) => isInside(rings, lon, lat));
    if (isIn || border < accuracy) found.push({ id, isIn, border, size: (east - west) * (north - south) });
  }
  found.sort((one, other) => other.isIn - one.isIn || (one.isIn ? one.size - other.size : one.border - other.border));
  const [first] = found;
  return { id: first?.isIn && first.border >= accuracy ? first.id : null, near: found.map(({ id }) => id) };
}

// Metres to the nearest border. On a plane that touches the Earth here, which is exact enough for some kilometres.
function distance(polygons, lon, lat) {
  const across = METRES * Math.cos((lat * Math.PI) / 180);
  let nearest = Infinity;
  for (const ring of polygons.flat()) {
    for (let at = 1; at < ring.length; at += 1) {
      const [x1, y1] = [(ring[at - 1][0] - lon) * across, (ring[at - 1][1] - lat) * METRES];
      const [dx, dy] = [(ring[at][0] - lon) * across - x1, (ring[at][1] - lat) * METRES - y1];
      const part = Math.min(1, Math.max(0, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy || 1)));
      nearest = Math.min(nearest, Math.hypot(x1 + part * dx, y1 + part * dy));
    }
  }
  return nearest;
}

function boxAround(polygons) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of polygons.flat(2)) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

// The even-odd rule: from inside, a ray to the east crosses the rings an odd number of times, holes included.
function isInside(rings, lon, lat) {
  let inside = false;
  for (const ring of rings) {
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
      const [x1, y1] = ring[before];
      const [x2, y2] = ring[at];
      if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
  }
  return inside;
}
