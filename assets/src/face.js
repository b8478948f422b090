// What belongs to one map as a whole: its layers, its labels, its status line, and whether it has come to rest.

import L from 'leaflet';
import {drawnFeatures} from './hit.js';
import {interact} from './interaction.js';
import {Labels} from './labels.js';
import {Status} from './status.js';

const faces = new Map();

export const maps = {};

export const faceOf = (map) => faces.get(map);

// How long labels may lack while tiles are still coming in.
const LABEL_DELAY = 600;

function mark(name) {
  if (!performance.getEntriesByName(name).length) performance.mark(name);
}

class Face {
  constructor(map) {
    this.map = map;
    this.layers = [];
    this.labels = new Labels(this).addTo(map);
    this.status = new Status(this);
    this.moving = false;
    this.atRest = false;
    this.waiting = [];
    map.on('movestart zoomstart', () => {
      this.moving = true;
      this.changed();
    });
    map.on('moveend', () => {
      this.moving = false;
      this.changed();
    });
    map.on('unload', () => {
      faces.delete(map);
      delete maps[map.getContainer().id];
    });
  }

  add(layer) {
    if (this.layers.includes(layer)) return;
    this.layers.push(layer);
    this.layers.sort((a, b) => a.spec.zIndex - b.spec.zIndex);
  }

  // Settled at the next idle moment; at once when the map is idle.
  get idle() {
    return this.atRest ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  // To be called whenever a tile, a layer or the view changes; what follows happens once a frame.
  changed() {
    this.atRest = false;
    publish();
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.settle();
    });
  }

  // For whoever measures: when the map was first of use, and when all of it was drawn.
  measure(tiles, loading) {
    const first = tiles.filter((tile) => tile.layer.spec.first);
    if (first.length && first.every((tile) => tile.state !== 'loading')) mark('map-usable');
    if (tiles.length && !loading) mark('map-complete');
  }

  settle() {
    const tiles = this.layers.flatMap((layer) => layer.tiles());
    const loading = tiles.some((tile) => tile.state === 'loading');
    this.measure(tiles, loading);
    this.status.show({
      loading,
      failed: tiles.filter((tile) => tile.state === 'failed'),
      empty: !loading && !this.moving && this.isEmpty(),
    });
    if (loading || this.moving) {
      this.delay ??= setTimeout(() => {
        this.delay = null;
        if (!this.moving) this.labels.draw();
      }, LABEL_DELAY);
      return;
    }
    clearTimeout(this.delay);
    this.delay = null;
    this.labels.draw();
    this.atRest = true;
    publish();
    this.map.fire('rest');
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  isEmpty() {
    const layers = this.layers.filter((layer) => layer.spec.interactive);
    return layers.length > 0 && layers.every((layer) => drawnFeatures(layer).length === 0);
  }

  retry() {
    for (const layer of this.layers) layer.retry();
  }
}

function publish() {
  const idle = [...faces.values()].every((face) => face.atRest);
  document.documentElement.dataset.mapIdle = String(idle);
}

window.addEventListener('online', () => {
  for (const face of faces.values()) face.retry();
});

// Every map of the page gets a face as it is made; it has no limits of zoom but its own.
L.Map.addInitHook(function () {
  this.options.minZoom ??= 2;
  this.options.maxZoom ??= 19;
  this.attributionControl?.setPrefix(false);
  const face = new Face(this);
  faces.set(this, face);
  maps[this.getContainer().id] = face;
  interact(face);
  face.changed();
});
