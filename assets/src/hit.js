// Which features lie at a place of the map, and which are drawn in its view.

import {LINE, POINT} from './features.js';
import {distanceToLine, insideRings, overlap, within} from './geometry.js';
import {MARGIN, reach} from './painting.js';

// The features at a point of the map's container, what lies on top first: points, then lines, then areas, each as
// {layer, feature, place}; `place` is in pixels of the world at the map's zoom, null where the feature is no point.
export function hitsAt(map, layers, containerPoint, tolerance = 4) {
  const world = map.containerPointToLayerPoint(containerPoint).add(map.getPixelOrigin());
  const hits = [];
  for (const layer of [...layers].reverse()) {
    if (!layer.spec.interactive) continue;
    const found = layer.tiles().flatMap((tile) => hitsInTile(layer, tile, world, tolerance));
    found.sort((a, b) => layer.spec.rules.indexOf(a.feature.rule) - layer.spec.rules.indexOf(b.feature.rule));
    hits.push(...unique(found));
  }
  return hits.sort((a, b) => a.feature.kind - b.feature.kind);
}

function hitsInTile(layer, tile, world, tolerance) {
  const size = layer.spec.tileSize;
  const origin = tile.coords.scaleBy({x: size, y: size});
  const point = world.subtract(origin);
  if (!within([0, 0, size, size], point, MARGIN)) return [];
  const inTile = within([0, 0, size, size], point);
  const hits = [];
  for (const feature of tile.features) {
    if (!feature.rule) continue;
    const margin = reach(feature) + tolerance;
    if (!within(feature.box, point, margin)) continue;
    if (feature.kind === POINT) {
      const [at] = feature.parts.find(([each]) => Math.hypot(each.x - point.x, each.y - point.y) <= margin) ?? [];
      if (at) hits.push({layer, feature, place: origin.add([at.x, at.y])});
    } else if (inTile && touches(feature, point, margin)) {
      hits.push({layer, feature, place: null});
    }
  }
  return hits;
}

function touches({kind, parts, rule}, point, margin) {
  if (kind !== LINE && insideRings(point, parts)) return rule.symbol.kind === 'fill';
  if (kind !== LINE && rule.symbol.kind === 'fill') return false;
  return parts.some((part) => distanceToLine(point, part) <= margin);
}

function unique(hits) {
  const seen = new Set();
  return hits.filter(({feature}) => {
    if (feature.identity === null || feature.cell) return true;
    if (seen.has(feature.identity)) return false;
    return seen.add(feature.identity);
  });
}

// The features of `layer` that lie in the map's view, each once though it may be in several tiles.
export function drawnFeatures(layer) {
  const {map} = layer.face;
  const view = map.getPixelBounds();
  const size = layer.spec.tileSize;
  const found = [];
  for (const tile of layer.tiles()) {
    const left = tile.coords.x * size;
    const top = tile.coords.y * size;
    const frame = [view.min.x - left, view.min.y - top, view.max.x - left, view.max.y - top];
    for (const feature of tile.features) {
      const [x0, y0, x1, y1] = feature.box;
      // A point or a level line has no area of its own to overlap with.
      if (feature.rule && overlap([x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5], frame)) found.push({feature});
    }
  }
  return unique(found).map(({feature}) => feature);
}

const meaning = ({sublayer, when}) => JSON.stringify([sublayer, when]);

// The rules of the legend by which something is drawn in the map's view; another rule may draw the same at this zoom.
export function drawnRules(layer) {
  const drawn = new Set(drawnFeatures(layer).map(({rule}) => meaning(rule)));
  return layer.spec.rules.filter((rule) => rule.title && drawn.has(meaning(rule)));
}
