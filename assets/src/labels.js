// The labels of a map: one canvas above the tiles, on which no label covers another.

import L from 'leaflet';
import {crispCanvas, element} from './dom.js';
import {LINE, POINT} from './features.js';
import {areaOf, innerPoint, lengthOf, middleOf, overlap, within} from './geometry.js';
import {reach} from './painting.js';
import {drawText, measured} from './lettering.js';

const UNRANKED = 9;

export const Labels = L.Renderer.extend({
  options: {padding: 0.2, pane: 'labels', interactive: false},

  initialize(face) {
    L.Renderer.prototype.initialize.call(this, {});
    this.face = face;
  },

  onAdd(map) {
    const pane = map.getPane('labels') ?? map.createPane('labels');
    pane.style.zIndex = 250;
    pane.style.pointerEvents = 'none';
    L.Renderer.prototype.onAdd.call(this, map);
  },

  _initContainer() {
    this._container = element('canvas', {class: 'map-labels', 'aria-hidden': 'true'});
  },

  _destroyContainer() {
    this._container.remove();
    this._container = null;
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    L.DomUtil.setPosition(this._container, this._bounds.min);
    this.draw();
  },

  draw() {
    if (!this._map || !this._bounds || this._map._animatingZoom) return;
    const size = this._bounds.getSize();
    const origin = this._map.getPixelOrigin().add(this._bounds.min);
    const context = crispCanvas(this._container, size.x, size.y);
    drawLabels(context, this.face.layers, origin, [0, 0, size.x, size.y]);
  },
});

// Draws the labels in `frame`; `origin` is where it lies in the world, in pixels at the map's zoom.
export function drawLabels(context, layers, origin, frame) {
  const {labels, obstacles} = collect(context, layers, origin, frame);
  for (const {label, lines, spot} of place(labels, obstacles)) drawText(context, label, lines, spot);
}

// The labels in `frame` with the spots where each may stand, the most important first, and the boxes of bubbles.
function collect(context, layers, origin, frame) {
  const byFeature = new Map();
  const obstacles = [];
  for (const layer of layers) {
    const size = layer.spec.tileSize;
    for (const tile of layer.tiles()) {
      const at = {x: tile.coords.x * size - origin.x, y: tile.coords.y * size - origin.y};
      if (!overlap([at.x, at.y, at.x + size, at.y + size], frame)) continue;
      for (const feature of tile.features) {
        if (feature.cell) obstacles.push(boxAround(feature.parts[0][0], at, reach(feature) * 0.8));
        else if (feature.label) {
          const found = candidate(context, feature, at, size, frame);
          if (!found) continue;
          const identity = identityOf(layer, feature, byFeature.size);
          const other = byFeature.get(identity);
          if (!other || found.weight > other.weight) byFeature.set(identity, {...found, order: layer.spec.zIndex});
        }
      }
    }
  }
  return {labels: [...byFeature.values()].sort(byImportance), obstacles};
}

// The name comes last, so that the same labels win each time.
const byImportance = (a, b) =>
  a.rank - b.rank || b.order - a.order || b.label.size - a.label.size || a.lines[0].localeCompare(b.lines[0]);

// Pieces of a line or an area without a key are one feature where they bear the same name.
function identityOf(layer, {identity, kind, label, properties}, number) {
  return `${layer.name}/${identity ?? (kind === POINT ? number : properties[label.property])}`;
}

const boxAround = ({x, y}, at, half) => [at.x + x - half, at.y + y - half, at.x + x + half, at.y + y + half];

// A feature's label and its spots; `weight` chooses among the pieces of a feature that lies in several tiles.
function candidate(context, feature, at, size, frame) {
  const {label, kind, parts, properties} = feature;
  const {lines, width, height} = measured(context, label, properties[label.property]);
  const found = {label, lines, rank: properties[label.rankProperty] ?? UNRANKED, weight: 0, spots: []};
  const spot = (x, y, align = 'center', angle = 0) => ({x: at.x + x, y: at.y + y, align, angle, width, height});
  if (kind === POINT) {
    const [{x, y}] = parts[0];
    const off = feature.rule ? reach(feature) + 3 : 0;
    found.spots = off
      ? [
          spot(x + off, y, 'left'),
          spot(x - off, y, 'right'),
          spot(x, y - off - height / 2),
          spot(x, y + off + height / 2),
          spot(x + off * 0.7, y - off * 0.7 - height / 2, 'left'),
          spot(x + off * 0.7, y + off * 0.7 + height / 2, 'left'),
          spot(x - off * 0.7, y - off * 0.7 - height / 2, 'right'),
          spot(x - off * 0.7, y + off * 0.7 + height / 2, 'right'),
        ]
      : [spot(x, y)];
  } else if (kind === LINE) {
    const line = parts.reduce((best, part) => (lengthOf(part) > lengthOf(best) ? part : best));
    const middle = middleOf(line, width + 8);
    if (!middle) return null;
    found.spots = [spot(middle.x, middle.y, 'center', middle.angle)];
    found.weight = lengthOf(line);
  } else {
    const [left, top] = [frame[0] - at.x, frame[1] - at.y].map((edge) => Math.max(0, edge));
    const [right, bottom] = [frame[2] - at.x, frame[3] - at.y].map((edge) => Math.min(size, edge));
    const inner = innerPoint(parts, [left, top, right, bottom]);
    if (!inner) return null;
    found.spots = [0, -1.1, 1.1, -2.2, 2.2].map((rows) => spot(inner.x, inner.y + rows * height));
    found.weight = areaOf(parts);
  }
  return within(frame, found.spots[0]) ? found : null;
}

// Each label takes its first spot that is free of labels and bubbles; the most important may cover a bubble.
function* place(labels, obstacles) {
  const taken = [];
  for (const found of labels) {
    const free = found.spots.filter((spot) => isFree(spot, taken));
    const spot = free.find((each) => isFree(each, obstacles)) ?? (found.rank <= 1 ? free[0] : null);
    if (!spot) continue;
    taken.push(boxOfSpot(spot));
    yield {...found, spot};
  }
}

const isFree = (spot, boxes) => !boxes.some((box) => overlap(box, boxOfSpot(spot)));

function boxOfSpot({x, y, align, angle, width, height}) {
  const across = Math.abs(width * Math.cos(angle)) + Math.abs(height * Math.sin(angle));
  const down = Math.abs(width * Math.sin(angle)) + Math.abs(height * Math.cos(angle));
  const left = align === 'left' ? x : align === 'right' ? x - across : x - across / 2;
  return [left - 2, y - down / 2 - 1, left + across + 2, y + down / 2 + 1];
}
