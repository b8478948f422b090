// One tile of a layer: fetches its features, draws them, and says how that went.

import {element} from './dom.js';
import {readFeatures} from './features.js';
import {MARGIN, paint} from './painting.js';
import {inTurn} from './turns.js';

export class Tile {
  constructor(coords, layer) {
    this.coords = coords;
    this.layer = layer;
    this.element = element('div', {class: 'map-tile'});
    this.features = [];
    this.state = 'loading';
    this.status = null;
    this.controller = null;
  }

  // Fetches and draws; what was drawn before stays until then. A later call overtakes an earlier one.
  async load() {
    this.controller?.abort();
    const controller = (this.controller = new AbortController());
    const {signal} = controller;
    this.state = 'loading';
    this.layer.face?.changed();
    try {
      const buffer = await this.layer.read(this.source(), signal);
      await inTurn(() => signal.aborted || this.draw(buffer));
      if (signal.aborted) return;
      this.state = 'drawn';
      this.status = null;
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error);
    }
    this.layer.face?.changed();
  }

  // The tile to fetch, and the part of it that is drawn here once the map is closer than the tiles are cut.
  source() {
    const {spec} = this.layer;
    const zoom = this.coords.z - Math.log2(spec.tileSize / 256);
    const scale = 2 ** Math.max(0, zoom - spec.maxNativeZoom);
    const x = Math.floor(this.coords.x / scale);
    const y = Math.floor(this.coords.y / scale);
    return {
      address: {z: Math.min(zoom, spec.maxNativeZoom), x, y},
      place: {size: spec.tileSize, scale, column: this.coords.x - x * scale, row: this.coords.y - y * scale},
    };
  }

  draw(buffer) {
    const {spec} = this.layer;
    this.features = buffer.byteLength ? readFeatures(buffer, spec, this.coords.z, this.source().place) : [];
    const visible = this.features.filter((feature) => feature.rule);
    this.element.classList.remove('map-tile-missing');
    this.element.replaceChildren();
    if (!visible.length) return;
    const canvas = element('canvas');
    canvas.style.left = canvas.style.top = `${-MARGIN}px`;
    paint(canvas, visible, spec.rules, spec.tileSize);
    this.element.append(canvas);
  }

  fail(error) {
    this.state = 'failed';
    this.status = error.status ?? null;
    this.features = [];
    this.element.replaceChildren();
    this.element.classList.add('map-tile-missing');
  }

  drop() {
    this.controller?.abort();
    this.features = [];
  }
}
