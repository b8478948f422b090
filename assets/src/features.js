// The features of one vector tile, placed in the tile's pixels, each with the rule that draws it and its label.

import {VectorTile} from '@mapbox/vector-tile';
import {PbfReader} from 'pbf';
import {boxOf, overlap} from './geometry.js';

export const POINT = 1;
export const LINE = 2;

const equals = (found, wanted) => (Array.isArray(wanted) ? wanted.includes(found) : found === wanted);

const fits = ({when}, properties) =>
  Object.entries(when).every(([name, value]) => equals(properties[name] ?? null, value));

const holds = (range, sublayer, zoom) =>
  (range.sublayer ?? sublayer) === sublayer && zoom >= range.minZoom && zoom <= (range.maxZoom ?? Infinity);

function rankFits(label, properties, zoom) {
  const steps = label.zoomByRank;
  if (!steps.length) return true;
  const rank = properties[label.rankProperty] ?? steps.length;
  return zoom >= steps[Math.min(Math.max(rank, 1), steps.length) - 1];
}

const hasText = (label, properties) => {
  const text = properties[label.property];
  return text !== undefined && text !== null && text !== '';
};

// `place` says which part of the fetched tile is drawn: `size` pixels show 1/`scale` of it from `column`, `row`.
export function readFeatures(buffer, spec, zoom, place) {
  const features = [];
  const {layers} = new VectorTile(new PbfReader(buffer));
  for (const [sublayer, source] of Object.entries(layers)) {
    const rules = spec.rules.filter((rule) => holds(rule, sublayer, zoom));
    const labels = spec.labels.filter((label) => holds(label, sublayer, zoom));
    if (!rules.length && !labels.length) continue;
    for (let i = 0; i < source.length; i++) {
      const raw = source.feature(i);
      const {properties} = raw;
      const rule = rules.find((each) => fits(each, properties)) ?? null;
      const label = labels.find((each) => hasText(each, properties) && rankFits(each, properties, zoom)) ?? null;
      if (!rule && !label) continue;
      const parts = placed(raw, place);
      if (!parts.length) continue;
      features.push({
        kind: raw.type,
        parts,
        box: boxOf(parts),
        properties,
        identity: identityOf(raw, spec, sublayer),
        rule,
        label,
        cell: raw.type === POINT && properties.cell === true && properties.count > 0,
      });
    }
  }
  return features;
}

// What stays the same of a feature from tile to tile; null where nothing does.
function identityOf(raw, spec, sublayer) {
  const key = (spec.key && raw.properties[spec.key]) ?? raw.id;
  return key === undefined || key === null ? null : `${sublayer}/${key}`;
}

function placed(raw, {size, scale, column, row}) {
  const grow = (size * scale) / raw.extent;
  const parts = raw.loadGeometry();
  for (const part of parts) {
    for (const point of part) {
      point.x = point.x * grow - column * size;
      point.y = point.y * grow - row * size;
    }
  }
  // A point in the buffer is drawn by the neighbour that it lies in, else it would be there twice.
  if (raw.type === POINT) return parts.filter(([{x, y}]) => x >= 0 && y >= 0 && x < size && y < size);
  const margin = size / 16;
  return overlap(boxOf(parts), [-margin, -margin, size + margin, size + margin]) ? parts : [];
}
