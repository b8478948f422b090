// Points as an address has them: read from a form or a GeoJSON file, and made fewer where an address could not hold them.

// What an address may spend on one line or area; several answers share it with the state of the map.
const MOST_TEXT = 2000;
const METRES = 111_195;
const RADIANS = Math.PI / 180;

export const written = (points) => points.map(([lon, lat]) => `${degrees(lon)},${degrees(lat)}`).join(';');

// Five decimals are a metre, which is nearer than anybody draws.
export const degrees = (value) => String(Number(value.toFixed(5)));

// The points that a text names, "lon, lat" one a line or parted by semicolons; null where it names anything else.
export function parsed(text) {
  const points = text.split(/[;\r\n]+/).map((each) => each.trim()).filter(Boolean)
    .map((each) => each.split(/[\s,]+/).filter(Boolean).map(Number));
  return points.length && points.every((each) => each.length === 2 && each.every(Number.isFinite)) ? points : null;
}

// The one line, or ring without its last point, of a GeoJSON file; null where it holds none or several.
export function shapeOf(text, kind) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (found?.type === 'FeatureCollection') found = found.features?.length === 1 ? found.features[0] : null;
  if (found?.type === 'Feature') found = found.geometry;
  let points = found?.coordinates;
  if (found?.type?.startsWith('Multi')) points = points?.length === 1 ? points[0] : null;
  const named = found?.type?.replace('Multi', '');
  if (kind === 'polygon') points = named === 'Polygon' && points?.length === 1 ? points[0].slice(0, -1) : null;
  else if (named !== 'LineString') points = null;
  const fine = Array.isArray(points) && points.every((each) => Array.isArray(each) && each.slice(0, 2).every(Number.isFinite));
  return fine && points.length ? points.map(([lon, lat]) => [lon, lat]) : null;
}

// The points themselves where an address holds them; else those that matter, and how far from them the others lie.
export function fitting(points) {
  if (written(points).length <= MOST_TEXT) return {points, off: 0};
  const weights = importance(points);
  const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a]);
  const kept = new Set();
  let length = 0;
  for (const at of order) {
    length += written([points[at]]).length + 1;
    if (length > MOST_TEXT) break;
    kept.add(at);
  }
  const left = points.filter((point, at) => kept.has(at));
  const off = Math.max(0, ...[...weights].filter((weight, at) => !kept.has(at)));
  return {points: left, off: Math.ceil(off)};
}

// How far, in metres, the line would lie from each point were it and all lesser ones left out: Douglas and Peucker (1973).
function importance(points) {
  const flat = Math.cos(points[0][1] * RADIANS);
  const plane = points.map(([lon, lat]) => [lon * flat * METRES, lat * METRES]);
  const weights = new Float64Array(points.length);
  weights[0] = weights[points.length - 1] = Infinity;
  const parts = [[0, points.length - 1, Infinity]];
  while (parts.length) {
    const [first, last, most] = parts.pop();
    let [at, farthest] = [-1, -1];
    for (let i = first + 1; i < last; i++) {
      const distance = toSegment(plane[i], plane[first], plane[last]);
      if (distance > farthest) [at, farthest] = [i, distance];
    }
    if (at < 0) continue;
    weights[at] = Math.min(farthest, most);
    parts.push([first, at, weights[at]], [at, last, weights[at]]);
  }
  return weights;
}

function toSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
