// The picture of one tile: its features on a canvas that overlaps the neighbours, so that no symbol is cut.

import {crispCanvas} from './dom.js';
import {POINT} from './features.js';
import {bubbleSize, drawBubble, drawMarker, fillPath, strokePath} from './symbols.js';

// Half of the largest bubble, and the symbol on its rim.
export const MARGIN = 36;

// Draws the features into `canvas`, the last rule first: what the first rule draws lies on top.
export function paint(canvas, features, rules, size, ratio) {
  const context = crispCanvas(canvas, size + 2 * MARGIN, size + 2 * MARGIN, ratio);
  context.translate(MARGIN, MARGIN);
  for (const rule of [...rules].reverse()) {
    const drawn = features.filter((feature) => feature.rule === rule);
    if (!drawn.length) continue;
    if (rule.symbol.kind === 'marker') paintMarkers(context, rule.symbol, drawn);
    else paintShapes(context, rule.symbol, drawn, size);
  }
}

function paintMarkers(context, marker, features) {
  const points = features.filter((feature) => feature.kind === POINT);
  // The largest bubble first, so that a small one is not hidden.
  points.sort((a, b) => (b.cell ? b.properties.count : 0) - (a.cell ? a.properties.count : 0));
  for (const feature of points) {
    for (const [{x, y}] of feature.parts) {
      if (feature.cell) drawBubble(context, marker, x, y, feature.properties.count);
      else drawMarker(context, marker, x, y);
    }
  }
}

// Lines and areas reach into the buffer and are drawn by the neighbour there: they end at the tile's edge. All of
// a rule make one path, so that a translucent colour does not add up where they cross.
function paintShapes(context, symbol, features, size) {
  const path = new Path2D();
  for (const feature of features) {
    if (feature.kind === POINT) continue;
    for (const part of feature.parts) {
      path.moveTo(part[0].x, part[0].y);
      for (let i = 1; i < part.length; i++) path.lineTo(part[i].x, part[i].y);
      if (symbol.kind === 'fill') path.closePath();
    }
  }
  context.save();
  context.beginPath();
  context.rect(0, 0, size, size);
  context.clip();
  if (symbol.kind === 'fill') fillPath(context, symbol, path);
  else strokePath(context, symbol, path);
  context.restore();
}

// How far from its point a drawn feature reaches, in pixels.
export function reach({rule, cell, properties}) {
  const {symbol} = rule;
  if (symbol.kind === 'marker') return (cell ? bubbleSize(properties.count) : symbol.size) / 2;
  return symbol.kind === 'stroke' ? symbol.width / 2 : 0;
}
