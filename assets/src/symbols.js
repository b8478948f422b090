// Symbols on a canvas: markers, lines, areas, and bubbles that stand for several features. Map and legend share them.

import {crispCanvas, element} from './dom.js';
import {brief} from './strings.js';

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

const regular = (corners, turn) =>
  Array.from({length: corners}, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / corners;
    return [Math.sin(angle), -Math.cos(angle)];
  });

// Corners of each shape about its centre, scaled below to a height of 1.
const CORNERS = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  triangle: [[0, -1.2], [1.1, 0.7], [-1.1, 0.7]],
  triangle_down: [[0, 1.2], [1.1, -0.7], [-1.1, -0.7]],
  pentagon: regular(5, 0),
  hexagon: regular(6, Math.PI / 6),
  cross: [[-1, -3], [1, -3], [1, -1], [3, -1], [3, 1], [1, 1], [1, 3], [-1, 3], [-1, 1], [-3, 1], [-3, -1], [-1, -1]],
};

const unitPaths = new Map();

function unitPath(shape) {
  if (!unitPaths.has(shape)) unitPaths.set(shape, makePath(shape));
  return unitPaths.get(shape);
}

function makePath(shape) {
  const path = new Path2D();
  if (shape === 'shield') {
    path.moveTo(-0.44, -0.5);
    path.lineTo(0.44, -0.5);
    path.lineTo(0.44, 0);
    path.bezierCurveTo(0.44, 0.25, 0.22, 0.4, 0, 0.5);
    path.bezierCurveTo(-0.22, 0.4, -0.44, 0.25, -0.44, 0);
  } else if (CORNERS[shape]) {
    const ys = CORNERS[shape].map(([, y]) => y);
    const height = Math.max(...ys) - Math.min(...ys);
    for (const [x, y] of CORNERS[shape]) path.lineTo(x / height, y / height);
  } else {
    path.arc(0, 0, 0.5, 0, 2 * Math.PI);
  }
  path.closePath();
  return path;
}

export function drawMarker(context, {shape, size, fill, stroke, stroke_width: width}, x, y) {
  context.save();
  context.translate(x, y);
  context.scale(size, size);
  const path = unitPath(shape);
  if (width > 0) {
    // The outline lies outside the shape, so that a small symbol keeps its colour.
    context.lineJoin = 'round';
    context.lineWidth = (2 * width) / size;
    context.strokeStyle = stroke;
    context.stroke(path);
  }
  context.fillStyle = fill;
  context.fill(path);
  context.restore();
}

const BADGE = 12;

// The width of a bubble in pixels: it grows with the logarithm of the count, from single features to millions.
export const bubbleSize = (count) => Math.min(20 + 7 * Math.log10(count), 54);

// A disc with the count, ringed in the colour of `marker`; the marker itself sits on the rim, so that the disc is
// not taken for so many features of that kind.
export function drawBubble(context, marker, x, y, count) {
  const size = bubbleSize(count);
  const ring = {shape: 'circle', size: size - 5, fill: '#ffffff', stroke: marker.fill, stroke_width: 2.5};
  context.globalAlpha = 0.95;
  drawMarker(context, {...ring, size, fill: '#ffffff', stroke: '#ffffff', stroke_width: 1}, x, y);
  drawMarker(context, ring, x, y);
  context.globalAlpha = 1;
  const rim = (size / 2) * Math.SQRT1_2;
  drawMarker(context, {...marker, size: Math.min(marker.size, BADGE), stroke_width: 1.25}, x + rim, y - rim);
  context.font = `600 ${size < 30 ? 11 : 12}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = '#1c2730';
  context.fillText(brief(count), x, y + 0.5);
}

export function strokePath(context, {color, width, dash, casing}, path) {
  context.lineJoin = 'round';
  context.lineCap = dash.length ? 'butt' : 'round';
  if (casing) {
    context.setLineDash([]);
    context.strokeStyle = casing;
    context.lineWidth = width + 2;
    context.stroke(path);
  }
  context.setLineDash(dash);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke(path);
}

// Lines of a hatching are so far apart, a divisor of a tile's size, so that they go on in the next one.
const HATCH = 8;
const HATCHED = 512;

function hatchPath(context, color, path) {
  context.save();
  context.clip(path);
  context.beginPath();
  for (let x = -HATCHED; x < HATCHED; x += HATCH) {
    context.moveTo(x, 0);
    context.lineTo(x + HATCHED, HATCHED);
  }
  context.strokeStyle = color;
  context.lineWidth = 1.2;
  context.setLineDash([]);
  context.stroke();
  context.restore();
}

export function fillPath(context, {fill, opacity, stroke, stroke_width: width, dash, hatch}, path) {
  if (fill) {
    context.globalAlpha = opacity;
    context.fillStyle = fill;
    context.fill(path);
    context.globalAlpha = 1;
  }
  if (hatch) hatchPath(context, hatch, path);
  if (stroke && width > 0) strokePath(context, {color: stroke, width, dash, casing: null}, path);
}

// The count on a bubble that stands for all of them.
export const SAMPLE_COUNT = 12;

const swatchHeight = (count) => (count === null ? 18 : 32);

const SWATCH_WIDTH = 30;

// A small picture of a symbol, in a box of 30 by 18 points, or by 32 for a bubble.
export function drawSwatch(context, symbol, count = null) {
  const width = SWATCH_WIDTH;
  const height = swatchHeight(count);
  const path = new Path2D();
  if (symbol.kind === 'marker') {
    if (count === null) drawMarker(context, {...symbol, size: Math.min(symbol.size, 15)}, width / 2, height / 2);
    else drawBubble(context, symbol, width / 2, height / 2 + 1, count);
  } else if (symbol.kind === 'stroke') {
    path.moveTo(3, height / 2);
    path.lineTo(width - 3, height / 2);
    strokePath(context, symbol, path);
  } else {
    path.rect(3.5, 3.5, width - 7, height - 7);
    fillPath(context, symbol, path);
  }
}

// The same as an element, for the legend and for lists.
export function swatch(symbol, count = null) {
  const canvas = element('canvas', {class: 'swatch', 'aria-hidden': 'true'});
  drawSwatch(crispCanvas(canvas, SWATCH_WIDTH, swatchHeight(count)), symbol, count);
  return canvas;
}
