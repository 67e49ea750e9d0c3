// Which area a position lies in. Worked out on the phone: the position is not sent anywhere.

const boxes = new WeakMap();

// `outlines`: a GeoJSON FeatureCollection in WGS84, or null; `lon` and `lat` in degrees. Gives the id of the area, or
// null. Where areas overlap, the one with the smallest bounding box: a block inside its district.
export function areaAt(outlines, lon, lat) {
  let found = null;
  let smallest = Infinity;
  for (const { id, geometry } of outlines?.features ?? []) {
    const polygons = { Polygon: [geometry?.coordinates], MultiPolygon: geometry?.coordinates }[geometry?.type];
    if (!polygons) continue;
    if (!boxes.has(geometry)) boxes.set(geometry, boxAround(polygons));
    const [west, south, east, north] = boxes.get(geometry);
    const size = (east - west) * (north - south);
    if (lon < west || lon > east || lat < south || lat > north || size >= smallest) continue;
    if (polygons.some((rings) => isInside(rings, lon, lat))) {
      found = id;
      smallest = size;
    }
  }
  return found;
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
