// The map layer of vector tiles: which tiles it holds, where they come from, and whether it is shown.

import L from 'leaflet';
import {escaped} from './dom.js';
import {faceOf} from './face.js';
import {completed} from './spec.js';
import {Tile} from './tile.js';

// Web Mercator's world; there is nothing to fetch outside.
const WORLD = [[-85.06, -180], [85.06, 180]];

export const VectorTiles = L.GridLayer.extend({
  initialize(told) {
    const spec = completed(told);
    this.spec = spec;
    this.name = spec.name;
    this.held = new Map();
    this.shared = new Map();
    L.GridLayer.prototype.initialize.call(this, {
      tileSize: spec.tileSize,
      zIndex: spec.zIndex,
      minZoom: Math.max(spec.minZoom, Math.log2(spec.tileSize / 256)),
      maxZoom: 24,
      attribution: spec.attribution && escaped(spec.attribution),
      bounds: spec.within ?? WORLD,
      noWrap: true,
      keepBuffer: 1,
      updateWhenZooming: false,
    });
    this.on('tileunload', ({coords}) => {
      const key = this._tileCoordsToKey(coords);
      this.held.get(key)?.drop();
      this.held.delete(key);
    });
  },

  // A layer that is not visible at first waits at the map until it is switched on.
  addTo(map) {
    this.face = faceOf(map);
    this.face.add(this);
    return this.spec.visible ? this.setVisible(true) : this;
  },

  // A layer's lowest zoom hides it, but is no limit of the map's.
  beforeAdd() {},

  onAdd(map) {
    L.GridLayer.prototype.onAdd.call(this, map);
    this.getContainer().dataset.layer = this.name;
    this.face.changed();
  },

  onRemove(map) {
    L.GridLayer.prototype.onRemove.call(this, map);
    this.face.changed();
  },

  isVisible() {
    return this.face !== undefined && this.face.map.hasLayer(this);
  },

  setVisible(visible) {
    if (visible) this.face.map.addLayer(this);
    else this.face.map.removeLayer(this);
    return this;
  },

  // Whether the map is close enough for the layer to have something to show.
  isInRange() {
    return this.face.map.getZoom() >= this.options.minZoom;
  },

  setUrl(url) {
    this.spec.url = url;
    return this.refresh();
  },

  // Fetches every tile anew; the old picture stays until the new one is there.
  refresh() {
    this.shared.clear();
    for (const tile of this.held.values()) tile.load();
    return this;
  },

  retry() {
    this.shared.clear();
    for (const tile of this.held.values()) if (tile.state === 'failed') tile.load();
    return this;
  },

  createTile(coords, done) {
    const tile = new Tile(coords, this);
    const key = this._tileCoordsToKey(coords);
    this.held.set(key, tile);
    tile.load().then(() => this.held.get(key) === tile && done(null, tile.element));
    return tile.element;
  },

  // The tiles that make up the picture at the map's zoom.
  tiles() {
    const zoom = this.face.map.getZoom();
    return this.isVisible() ? [...this.held.values()].filter((tile) => tile.coords.z === zoom) : [];
  },

  // Tiles of which only parts are drawn are fetched once for all the parts.
  read({address, place}, signal) {
    const url = this.spec.url.replace(/\{([zxy])\}/g, (hole, name) => address[name]);
    const priority = this.spec.first ? 'high' : 'low';
    if (place.scale === 1) return fetchTile(url, {signal, priority});
    if (!this.shared.has(url)) {
      if (this.shared.size > 16) this.shared.delete(this.shared.keys().next().value);
      this.shared.set(url, fetchTile(url, {priority}));
    }
    return this.shared.get(url);
  },
});

async function fetchTile(url, options) {
  const response = await fetch(url, {...options, credentials: 'same-origin'});
  if (!response.ok) throw Object.assign(new Error(`tile answered ${response.status}`), {status: response.status});
  return response.arrayBuffer();
}
