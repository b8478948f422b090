// Plane geometry of tiles, in pixels: boxes, distances, and where a label sits in an area.

export function boxOf(parts) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of parts) {
    for (const {x, y} of part) {
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
  }
  return box;
}

export const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export const within = ([left, top, right, bottom], {x, y}, margin = 0) =>
  x >= left - margin && x <= right + margin && y >= top - margin && y <= bottom + margin;

export function distanceToLine(point, line) {
  let nearest = Infinity;
  for (let i = 1; i < line.length; i++) {
    nearest = Math.min(nearest, distanceToSegment(point, line[i - 1], line[i]));
  }
  return nearest;
}

function distanceToSegment(p, a, b) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length)) : 0;
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// Even-odd, so that holes are outside whatever their direction.
export function insideRings(point, rings) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const a = ring[i];
      const b = ring[j];
      if (a.y > point.y !== b.y > point.y && point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) {
        inside = !inside;
      }
    }
  }
  return inside;
}

export function areaOf(rings) {
  let twice = 0;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      twice += (ring[j].x - ring[i].x) * (ring[i].y + ring[j].y);
    }
  }
  return Math.abs(twice / 2);
}

// The middle of the widest of several level cuts through the rings inside `frame`, preferring cuts near the
// middle; null where the rings miss the frame.
export function innerPoint(rings, frame) {
  const [left, top, right, bottom] = frame;
  const box = boxOf(rings);
  const low = Math.max(box[1], top);
  const high = Math.min(box[3], bottom);
  let best = null;
  let bestScore = 0;
  const cuts = 9;
  for (let i = 1; i <= cuts; i++) {
    const y = low + ((high - low) * i) / (cuts + 1);
    const crossings = crossingsAt(rings, y);
    for (let j = 1; j < crossings.length; j += 2) {
      const from = Math.max(crossings[j - 1], left);
      const to = Math.min(crossings[j], right);
      const score = (to - from) * (1.3 - Math.abs(i / (cuts + 1) - 0.5));
      if (score > bestScore) {
        bestScore = score;
        best = {x: (from + to) / 2, y};
      }
    }
  }
  return best;
}

function crossingsAt(rings, y) {
  const xs = [];
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const a = ring[i];
      const b = ring[j];
      if (a.y > y !== b.y > y) xs.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
    }
  }
  return xs.sort((a, b) => a - b);
}

export function lengthOf(line) {
  let length = 0;
  for (let i = 1; i < line.length; i++) length += Math.hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y);
  return length;
}

// The point half-way along a line and the upright angle of the line over `span` pixels around it.
export function middleOf(line, span) {
  const lengths = [0];
  for (let i = 1; i < line.length; i++) {
    lengths.push(lengths[i - 1] + Math.hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y));
  }
  const total = lengths[lengths.length - 1];
  if (total < span) return null;
  const at = (distance) => {
    let i = 1;
    while (i < line.length - 1 && lengths[i] < distance) i++;
    const t = (distance - lengths[i - 1]) / (lengths[i] - lengths[i - 1] || 1);
    return {x: line[i - 1].x + t * (line[i].x - line[i - 1].x), y: line[i - 1].y + t * (line[i].y - line[i - 1].y)};
  };
  const from = at((total - span) / 2);
  const to = at((total + span) / 2);
  // On a bend the chord is much shorter than the text: a label would lie beside the line.
  if (Math.hypot(to.x - from.x, to.y - from.y) < span * 0.85) return null;
  let angle = Math.atan2(to.y - from.y, to.x - from.x);
  if (Math.abs(angle) > Math.PI / 2) angle -= Math.sign(angle) * Math.PI;
  return {x: (from.x + to.x) / 2, y: (from.y + to.y) / 2, angle};
}
