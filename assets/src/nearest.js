// The place on some lines that is nearest to a point of the screen.

// A corner within `reach` pixels goes before a point between two corners. `project` gives the pixels of [longitude, latitude].
// Answers {corner} as it stands in the lines, or {point} in pixels; null where nothing is within reach.
export function nearestOn(lines, place, project, reach) {
  let best = null;
  for (const line of lines) {
    const points = line.map(project);
    points.forEach((point, index) => {
      const away = Math.hypot(point.x - place.x, point.y - place.y);
      if (away <= reach && (best === null || best.corner === undefined || away < best.away)) {
        best = {away, corner: line[index]};
      }
      if (index === 0 || best?.corner !== undefined) return;
      const foot = footOf(place, points[index - 1], point);
      const far = Math.hypot(foot.x - place.x, foot.y - place.y);
      if (far <= reach && (best === null || far < best.away)) best = {away: far, point: foot};
    });
  }
  return best;
}

function footOf(place, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((place.x - from.x) * dx + (place.y - from.y) * dy) / length));
  return {x: from.x + along * dx, y: from.y + along * dy};
}
