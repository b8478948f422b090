// The map as a picture of its own, for paper and for reports: what is drawn with title, legend, scale, sources and marks.

import L from 'leaflet';
import {faceOf} from './face.js';
import {drawnRules} from './hit.js';
import {drawLabels} from './labels.js';
import {MARGIN, paint} from './painting.js';
import {language, say} from './strings.js';
import {FONT, SAMPLE_COUNT, drawSwatch} from './symbols.js';

// Two pixels a point, so that it is sharp on paper.
const RATIO = 2;
const EDGE = 20;
const COLUMN = 250;
const SWATCH = 34;
const INK = '#1c2730';
const SOFT = '#46535d';
const LINE = '#8b969e';
// Lengths of a scale bar, in their first figure.
const ROUND = [5, 3, 2, 1];

// `title` stands above the map, `mark` says who it is for; a page of synthetic data is marked so too.
export function picture(map, {title, mark}) {
  const synthetic = document.querySelector('[data-synthetic] strong')?.textContent.replace(/\.$/, '');
  const marks = [synthetic, mark].filter(Boolean);
  const sources = map.getContainer().querySelector('.leaflet-control-attribution').textContent;
  const {x: width, y: height} = map.getSize();
  const whole = Math.max(width, 2 * COLUMN) + 2 * EDGE;
  const sheet = document.createElement('canvas');
  const context = sheet.getContext('2d');
  const lines = wrapped(context, title, `600 19px ${FONT}`, whole - 2 * EDGE);
  const head = EDGE + 22 + lines.length * 25 + 8;
  const legend = legendOf(context, map, whole - 2 * EDGE);
  const foot = wrapped(context, [sources, say('pictureMade', {day: today()})].join(' · '), `12px ${FONT}`, whole - 2 * EDGE);
  const tall = head + height + 14 + legend.height + foot.length * 16 + EDGE;
  sheet.width = whole * RATIO;
  sheet.height = tall * RATIO;
  context.scale(RATIO, RATIO);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, whole, tall);

  write(context, 'geoapp', EDGE, EDGE + 12, `700 14px ${FONT}`, SOFT);
  drawMarks(context, marks, whole - EDGE, EDGE + 12);
  lines.forEach((line, i) => write(context, line, EDGE, EDGE + 44 + i * 25, `600 19px ${FONT}`, INK));

  context.save();
  context.translate((whole - width) / 2, head);
  drawMap(context, map, width, height);
  drawScale(context, map, height);
  context.restore();

  context.save();
  context.translate(EDGE, head + height + 14);
  legend.draw();
  context.restore();
  foot.forEach((line, i) => write(context, line, EDGE, tall - EDGE - (foot.length - 1 - i) * 16, `12px ${FONT}`, SOFT));
  return sheet;
}

function drawMap(context, map, width, height) {
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.fillStyle = '#eef1ee';
  context.fillRect(0, 0, width, height);
  const face = faceOf(map);
  const {layers} = face;
  const origin = map.getPixelOrigin().subtract(map.layerPointToContainerPoint([0, 0]));
  for (const layer of layers) {
    const {tileSize: size, rules} = layer.spec;
    for (const tile of layer.tiles()) {
      const visible = tile.features.filter((feature) => feature.rule);
      if (!visible.length) continue;
      const canvas = document.createElement('canvas');
      paint(canvas, visible, rules, size, RATIO);
      const side = size + 2 * MARGIN;
      const {x, y} = tile.coords;
      context.drawImage(canvas, x * size - origin.x - MARGIN, y * size - origin.y - MARGIN, side, side);
    }
  }
  face.overdraw?.(context);
  drawLabels(context, layers, origin, [0, 0, width, height]);
  context.restore();
  context.strokeStyle = LINE;
  context.lineWidth = 1;
  context.strokeRect(0.5, 0.5, width - 1, height - 1);
}

// A bar of a round length, as long as 130 points or less, on the parallel of the map's middle.
function drawScale(context, map, height) {
  const {y} = map.getSize().divideBy(2);
  const metres = map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([130, y]));
  const power = 10 ** Math.floor(Math.log10(metres));
  const length = ROUND.map((figure) => figure * power).find((each) => each <= metres);
  const wide = (130 * length) / metres;
  const far = length >= 1000;
  const words = new Intl.NumberFormat(language(), {style: 'unit', unit: far ? 'kilometer' : 'meter'})
    .format(far ? length / 1000 : length);
  context.fillStyle = 'rgb(255 255 255 / 85%)';
  context.fillRect(8, height - 38, wide + 20, 30);
  write(context, words, 18, height - 22, `12px ${FONT}`, INK);
  context.strokeStyle = INK;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(18, height - 20);
  context.lineTo(18, height - 14);
  context.lineTo(18 + wide, height - 14);
  context.lineTo(18 + wide, height - 20);
  context.stroke();
}

function drawMarks(context, marks, right, line) {
  context.font = `700 13px ${FONT}`;
  let at = right;
  for (const mark of [...marks].reverse()) {
    const wide = context.measureText(mark).width + 16;
    at -= wide;
    context.strokeStyle = INK;
    context.lineWidth = 1.5;
    context.strokeRect(at, line - 15, wide, 21);
    write(context, mark, at + 8, line, `700 13px ${FONT}`, INK);
    at -= 8;
  }
}

// What is drawn of each layer, in columns; it says how tall it is before it is drawn.
function legendOf(context, map, width) {
  const number = Math.max(1, Math.floor(width / COLUMN));
  const room = width / number - SWATCH - 12;
  const found = [...faceOf(map).layers].reverse().map((layer) => entriesOf(context, layer, room));
  const all = heightOf(found.flat());
  // The symbols of a layer stay together, unless they alone are a column and more.
  const entries = found.flatMap((each) => (heightOf(each) > all / number ? each : each.length ? [stacked(each, context)] : []));
  const total = heightOf(entries);
  const columns = [[]];
  let filled = 0;
  for (const entry of entries) {
    const tooTall = filled && filled + entry.height / 2 > total / number;
    if (tooTall && columns.length < number) {
      columns.push([]);
      filled = 0;
    }
    columns[columns.length - 1].push(entry);
    filled += entry.height;
  }
  const height = Math.max(0, ...columns.map(heightOf)) + 10;
  const draw = () => columns.forEach((column, i) => {
    let y = 0;
    for (const entry of column) {
      context.save();
      context.translate((i * width) / number, y);
      entry.draw();
      context.restore();
      y += entry.height;
    }
  });
  return {height, draw};
}

function entriesOf(context, layer, room) {
  const titled = drawnRules(layer);
  if (!titled.length) return [];
  const heading = {
    height: 26,
    draw: () => write(context, layer.spec.title, 0, 18, `600 13px ${FONT}`, INK),
  };
  const entry = (title, count, symbol) => {
    const lines = wrapped(context, title, `13px ${FONT}`, room);
    const height = Math.max(lines.length * 17 + 4, count === null ? 22 : 36);
    return {
      height,
      draw: () => {
        context.save();
        context.translate(0, (height - (count === null ? 18 : 32)) / 2);
        drawSwatch(context, symbol, count);
        context.restore();
        const top = (height - lines.length * 17) / 2 + 13;
        lines.forEach((line, i) => write(context, line, SWATCH + 4, top + i * 17, `13px ${FONT}`, INK));
      },
    };
  };
  const cells = layer.tiles().some((tile) => tile.features.some((feature) => feature.cell));
  const counted = cells && titled.find((rule) => rule.symbol.kind === 'marker');
  const found = titled.map((rule) => entry(rule.title, null, rule.symbol));
  if (counted) found.push(entry(say('bubble'), SAMPLE_COUNT, counted.symbol));
  // A heading never stands alone at the end of a column.
  found[0] = stacked([heading, found[0]], context);
  return found;
}

const heightOf = (entries) => entries.reduce((sum, entry) => sum + entry.height, 0);

// Entries that are kept below each other in one column.
const stacked = (entries, context) => ({
  height: heightOf(entries),
  draw: () => {
    for (const entry of entries) {
      context.save();
      entry.draw();
      context.restore();
      context.translate(0, entry.height);
    }
  },
});

function wrapped(context, text, font, width) {
  context.font = font;
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
    if (context.measureText(longer).width <= width || longer === word) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function write(context, text, x, y, font, color) {
  context.font = font;
  context.fillStyle = color;
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
  context.fillText(text, x, y);
}

export const today = () => new Intl.DateTimeFormat(language(), {dateStyle: 'long'}).format(new Date());

// Hands a picture to the reader as a file.
export async function download(sheet, name) {
  const blob = await new Promise((resolve) => sheet.toBlob(resolve, 'image/png'));
  const link = L.DomUtil.create('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
