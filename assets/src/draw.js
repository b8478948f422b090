// Drawing on the map by pointer, finger or keys: a point, a line, an area, a circle, two ends of a way, or a route picked.

import {element} from './dom.js';
import {say} from './strings.js';

const {L} = window;
const LEAST = {line: 2, polygon: 3};
// Two clicks so near to each other, in pixels, are one that was meant double.
const SAME = 4;
const INK = '#b3440e';

// Leaflet's own drawings are interactive by default, and would take the clicks meant for the map.
const STYLE = {color: INK, weight: 3, fillOpacity: 0.12, interactive: false};

export class Draw {
  constructor(map, face, frame) {
    Object.assign(this, {map, face, frame});
  }

  // `done` is given the points as [lon, lat], for a circle its middle and its radius in metres; for a route its id.
  start(kind, done, ended) {
    this.cancel();
    Object.assign(this, {kind, done, ended, points: [], shapes: L.layerGroup().addTo(this.map)});
    this.bar = element('div', {class: 'draw-bar', role: 'group', 'aria-label': say('done')},
      (this.says = element('p', {role: 'status'})),
      element('small', {text: say('keys')}),
      element('span', {class: 'draw-buttons'},
        kind === 'line' || kind === 'polygon' ? this.button('done', () => this.finish()) : null,
        kind === 'point' || kind === 'route' ? null : this.button('undo', () => this.undo()),
        this.button('cancel', () => this.cancel())));
    this.frame.append(this.bar);
    // What the bar hears is not for the map below it.
    L.DomEvent.disableClickPropagation(this.bar);
    this.face.drawing = (latlng) => this.take(latlng);
    this.map.getContainer().classList.add('map-drawing');
    this.map.doubleClickZoom.disable();
    this.onDouble = () => (this.kind === 'line' || this.kind === 'polygon') && this.finish();
    this.map.on('dblclick', this.onDouble);
    this.onMove = ({latlng}) => this.paint(latlng);
    this.map.on('mousemove', this.onMove);
    this.onKey = (event) => this.key(event);
    document.addEventListener('keydown', this.onKey, true);
    this.map.closePopup();
    this.paint();
    this.map.getContainer().focus({preventScroll: true});
  }

  get active() {
    return Boolean(this.bar);
  }

  button(name, click) {
    return element('button', {type: 'button', class: 'tool', text: say(name), data: {drawing: name}, on: {click}});
  }

  key(event) {
    if (event.target.closest('input, textarea, select')) return;
    if (event.key === 'Escape') this.cancel();
    else if (event.key === 'Backspace') this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(latlng) {
    if (this.kind === 'route') {
      this.pick(latlng);
      return;
    }
    const last = this.points.at(-1);
    const at = this.map.latLngToContainerPoint(latlng);
    if (last && this.map.latLngToContainerPoint(last).distanceTo(at) < SAME) return;
    this.points.push(latlng.wrap());
    if (this.kind === 'point' || (this.points.length === 2 && ['circle', 'path'].includes(this.kind))) this.finish();
    else this.paint(latlng);
  }

  // The route that lies nearest to where was clicked.
  pick(latlng) {
    const at = this.map.latLngToContainerPoint(latlng);
    const ring = [[0, 0], ...[6, 12].flatMap((r) => [[r, 0], [-r, 0], [0, r], [0, -r], [r, r], [-r, -r], [r, -r], [-r, r]])];
    for (const [x, y] of ring) {
      const hit = window.geoapp.featuresAt(this.map, at.add([x, y])).find(({layer}) => layer === 'routes');
      if (!hit) continue;
      const {route_id: route} = hit.properties;
      this.end();
      this.done(route);
      return;
    }
    this.says.textContent = say('noRoute');
  }

  undo() {
    this.points.pop();
    this.paint();
  }

  finish() {
    if (this.points.length < (LEAST[this.kind] ?? 1)) {
      this.says.textContent = say('tooFew');
      return;
    }
    const {points, kind, done} = this;
    const radius = kind === 'circle' ? this.map.distance(points[0], points[1]) : null;
    this.end();
    done(points.map(({lng, lat}) => [lng, lat]), radius);
  }

  cancel() {
    if (this.active) this.end();
  }

  end() {
    this.bar.remove();
    this.bar = null;
    this.shapes.remove();
    this.face.drawing = null;
    this.map.off('dblclick', this.onDouble).off('mousemove', this.onMove);
    document.removeEventListener('keydown', this.onKey, true);
    this.map.getContainer().classList.remove('map-drawing');
    // The second click of the pair that ended the drawing is still to come.
    setTimeout(() => this.active || this.map.doubleClickZoom.enable(), 300);
    this.ended?.();
  }

  // What is drawn so far, and up to where the pointer is.
  paint(to) {
    const {points, kind} = this;
    this.shapes.clearLayers();
    const open = to && points.length ? [...points, to] : points;
    if (kind === 'circle' && open.length > 1) {
      this.shapes.addLayer(L.circle(open[0], {...STYLE, radius: this.map.distance(open[0], open[1])}));
    } else if (kind === 'polygon' && open.length > 2) this.shapes.addLayer(L.polygon(open, STYLE));
    else if (kind !== 'point') this.shapes.addLayer(L.polyline(open, {...STYLE, dashArray: kind === 'path' ? '4 6' : null}));
    for (const point of points) this.shapes.addLayer(L.circleMarker(point, {...STYLE, radius: 4, fillOpacity: 1, fillColor: '#fff'}));
    this.says.textContent = this.words(open);
  }

  words(open) {
    if (this.kind === 'path') return say(this.points.length ? 'pathTo' : 'pathFrom');
    if (this.points.length < 1 || this.kind === 'point' || this.kind === 'route') return say(this.kind);
    const metres = open.slice(1).reduce((sum, point, at) => sum + this.map.distance(open[at], point), 0);
    const km = new Intl.NumberFormat(document.documentElement.lang, {maximumFractionDigits: 1}).format(metres / 1000);
    return say('drawn', {points: this.points.length, km});
  }
}
