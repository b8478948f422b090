// Lettering on a canvas: text broken into lines, measured, and drawn with a halo.

import {language} from './strings.js';
import {FONT} from './symbols.js';

// Names are short; what is longer than this is no name.
const LONGEST = 60;
const LINE_HEIGHT = 1.15;

const measures = new Map();

function prepare(context, {size, italic, bold, uppercase}) {
  context.font = `${italic ? 'italic ' : ''}${bold ? '600 ' : ''}${size}px ${FONT}`;
  context.letterSpacing = uppercase ? `${size / 10}px` : '0px';
}

// The lines of a label and the box that they need, in pixels.
export function measured(context, label, value) {
  const text = wording(label, value);
  const key = `${label.size}${label.italic}${label.bold}${label.uppercase} ${text}`;
  if (!measures.has(key)) {
    if (measures.size > 5000) measures.clear();
    prepare(context, label);
    const lines = broken(context, text, label.size * 10);
    const width = Math.max(...lines.map((line) => context.measureText(line).width));
    measures.set(key, {lines, width, height: lines.length * label.size * LINE_HEIGHT});
  }
  return measures.get(key);
}

function wording({uppercase}, value) {
  const text = String(value).replace(/\s+/g, ' ').trim();
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return uppercase ? cut.toLocaleUpperCase(language()) : cut;
}

function broken(context, text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines[lines.length - 1] && context.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

export function drawText(context, label, lines, {x, y, align, angle}) {
  const step = label.size * LINE_HEIGHT;
  prepare(context, label);
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.textAlign = align;
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = label.size / 4;
  context.strokeStyle = label.halo;
  context.fillStyle = label.color;
  lines.forEach((line, i) => {
    const at = (i - (lines.length - 1) / 2) * step;
    context.strokeText(line, 0, at);
    context.fillText(line, 0, at);
  });
  context.restore();
}
