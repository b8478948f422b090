// The panel of a map: its layers as a tree with a switch each, and what the symbols that are drawn mean.

import L from 'leaflet';
import {element} from './dom.js';
import {faceOf} from './face.js';
import {drawnRules} from './hit.js';
import {learn, say} from './strings.js';
import {SAMPLE_COUNT, swatch} from './symbols.js';

// Where the map is narrower, the panel would hide most of it.
const ROOMY = 900;

export function legend(map, layers, {title, strings}) {
  learn(strings);
  name(map);
  return new Legend({position: 'topright', title, layers}).addTo(map);
}

const Legend = L.Control.extend({
  onAdd(map) {
    const {title, layers} = this.options;
    const id = `${map.getContainer().id}-legend`;
    const open = map.getSize().x >= ROOMY && !map.getContainer().closest('[data-legend-closed]');
    const body = element('div', {class: 'legend-body', id, hidden: !open});
    const toggle = element('button', {
      type: 'button',
      class: 'legend-toggle',
      text: title,
      'aria-expanded': String(open),
      'aria-controls': id,
      on: {
        click: () => {
          body.hidden = !body.hidden;
          toggle.setAttribute('aria-expanded', String(!body.hidden));
        },
      },
    });
    this.rows = layers.map((layer) => new Row(layer));
    this.branches = branchesOf(this.rows).map(([name, rows]) => new Branch(name, rows));
    body.append(element('ul', {class: 'legend-tree'}, ...this.branches.map((branch) => branch.item)));
    const panel = element('section', {class: 'legend', 'aria-label': title, data: {legend: ''}}, toggle, body);
    L.DomEvent.disableClickPropagation(panel);
    L.DomEvent.disableScrollPropagation(panel);
    map.on('rest', this.update, this);
    return panel;
  },

  onRemove(map) {
    map.off('rest', this.update, this);
  },

  update() {
    for (const row of this.rows) row.update();
    for (const branch of this.branches) branch.update();
  },
});

// The rows by the branch that they hang on, in the order in which the branches first come.
function branchesOf(rows) {
  const branches = new Map();
  for (const row of rows) {
    const {group} = row.layer.spec;
    if (!branches.has(group)) branches.set(group, []);
    branches.get(group).push(row);
  }
  return [...branches];
}

// Several layers of one kind: a switch for all of them, and their rows, which can be folded away.
class Branch {
  constructor(name, rows) {
    this.rows = rows;
    const list = element('ul', {class: 'legend-layers'}, ...rows.map((row) => row.item));
    if (!name) {
      this.item = element('li', {}, list);
      return;
    }
    this.box = element('input', {
      type: 'checkbox',
      on: {change: () => rows.forEach(({layer}) => layer.setVisible(this.box.checked))},
    });
    const fold = element('summary', {'aria-label': name});
    const folded = element('details', {class: 'legend-fold', open: rows.some(({layer}) => layer.spec.visible)}, fold, list);
    const title = element('label', {class: 'legend-branch'}, this.box, element('span', {text: name}));
    this.item = element('li', {}, title, folded);
    this.update();
  }

  update() {
    if (!this.box) return;
    const shown = this.rows.filter(({layer}) => layer.isVisible()).length;
    this.box.checked = shown === this.rows.length;
    this.box.indeterminate = shown > 0 && shown < this.rows.length;
  }
}

// One layer of the panel: its switch, its symbols, and the hints that hold for the view.
class Row {
  constructor(layer) {
    this.layer = layer;
    const {spec} = layer;
    this.box = element('input', {
      type: 'checkbox',
      checked: spec.visible,
      on: {change: () => layer.setVisible(this.box.checked)},
    });
    this.hint = element('p', {class: 'legend-hint', text: say('zoomIn'), hidden: true});
    const titled = spec.rules.filter((rule) => rule.title);
    this.symbols = new Map();
    const counted = titled.find((rule) => rule.symbol.kind === 'marker');
    this.bubble = counted && symbolRow(swatch(counted.symbol, SAMPLE_COUNT), say('bubble'));
    if (this.bubble) this.bubble.hidden = true;
    this.thinned = element('p', {class: 'legend-hint', text: say('thinned'), hidden: true});
    // A single symbol needs no line of its own: it stands beside the layer's title.
    const lone = titled.length === 1 && titled[0].title === spec.title;
    const picture = lone && swatch(titled[0].symbol);
    const rows = lone ? [] : titled.map((rule) => {
      const row = symbolRow(swatch(rule.symbol), rule.title);
      this.symbols.set(rule, row);
      return row;
    });
    this.item = element('li', {data: {layer: spec.name}},
      element('label', {class: 'legend-switch'}, this.box, picture, element('span', {text: spec.title})),
      this.hint,
      this.thinned,
      element('ul', {class: 'legend-symbols'}, ...rows, this.bubble),
      spec.note && element('p', {class: 'legend-hint', text: spec.note}));
  }

  update() {
    const {layer} = this;
    this.box.checked = layer.isVisible();
    this.hint.hidden = !layer.isVisible() || layer.isInRange();
    this.item.classList.toggle('legend-off', !layer.isVisible() || !layer.isInRange());
    // What the view has none of steps back.
    const drawn = new Set(drawnRules(layer));
    for (const [rule, row] of this.symbols) row.classList.toggle('legend-absent', !drawn.has(rule));
    this.thinned.hidden = !layer.tiles().some((tile) => tile.features.some(({properties}) => properties.thinned));
    if (this.bubble) this.bubble.hidden = !layer.tiles().some((tile) => tile.features.some((feature) => feature.cell));
  }
}

const symbolRow = (picture, text) => element('li', {}, picture, element('span', {text}));

// The parts of the map that Leaflet words in English.
function name(map) {
  const container = map.getContainer();
  container.setAttribute('role', 'region');
  container.setAttribute('aria-label', say('map'));
  for (const [part, key] of [['in', 'closer'], ['out', 'farther']]) {
    const button = container.querySelector(`.leaflet-control-zoom-${part}`);
    button?.setAttribute('title', say(key));
    button?.setAttribute('aria-label', say(key));
  }
  faceOf(map).changed();
}
