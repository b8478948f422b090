// The open answers on the map: each in a colour of its own, with its letter, and what is not visible to the viewer dashed.

import {element} from './dom.js';

const {L} = window;
const PANE = 'answers';
const HIDDEN = {color: '#5b6670', weight: 1.5, dashArray: '2 5', fillColor: '#5b6670', fillOpacity: 0.28};
const MOST_RADIUS = 11;

export class Overlay {
  constructor(map) {
    this.map = map;
    if (!map.getPane(PANE)) map.createPane(PANE).style.zIndex = 380;
    this.renderer = L.svg({pane: PANE, padding: 0.3});
  }

  // What an answer's GeoJSON draws; `tell` is shown of a part under the pointer.
  draw(collection, {letter, color}) {
    const features = [...collection.features].sort((a, b) => rank(a) - rank(b));
    const most = Math.max(1, ...features.map(({properties}) => properties.incidents ?? 0));
    const strongest = Math.max(...features.map(({properties}) => properties.contribution ?? 0), 1e-9);
    const layer = L.geoJSON({type: 'FeatureCollection', features}, {
      pane: PANE,
      renderer: this.renderer,
      interactive: false,
      // Leaflet would make a circle of few corners where it is small.
      smoothFactor: 0.3,
      style: ({properties}) => ({...styleOf(properties, color, most), renderer: this.renderer}),
      pointToLayer: ({properties}, latlng) => this.point(properties, latlng, color, strongest),
    });
    const anchor = anchorOf(layer, features);
    const group = L.layerGroup([layer]);
    if (anchor) {
      const badge = element('span', {class: 'answer-letter', text: letter, 'aria-hidden': 'true'});
      badge.style.background = color;
      group.addLayer(L.marker(anchor, {
        icon: L.divIcon({html: badge, className: 'answer-badge', iconSize: [24, 24]}), interactive: false, keyboard: false,
      }));
    }
    group.addTo(this.map);
    group.told = anchor && {anchor, letter, color};
    return {group, bounds: layer.getBounds()};
  }

  point(properties, latlng, color, strongest) {
    const {kind} = properties;
    const common = {pane: PANE, renderer: this.renderer, interactive: false};
    if (kind === 'term') {
      const radius = 2.5 + (MOST_RADIUS - 2.5) * Math.sqrt(properties.contribution / strongest);
      return L.circleMarker(latlng, {...common, radius, color, weight: 1, fillColor: color, fillOpacity: 0.35});
    }
    if (kind === 'gap') return L.circleMarker(latlng, {...common, radius: 5, color, weight: 2, fillColor: '#fff', fillOpacity: 0.9});
    if (kind === 'end') {
      const badge = element('span', {class: 'answer-end', text: properties.end === 'from' ? 'A' : 'B', 'aria-hidden': 'true'});
      badge.style.borderColor = color;
      return L.marker(latlng, {icon: L.divIcon({html: badge, className: 'answer-badge', iconSize: [20, 20]}), interactive: false, keyboard: false});
    }
    return L.circleMarker(latlng, {...common, radius: 5, color: '#fff', weight: 2, fillColor: color, fillOpacity: 1});
  }
}

// Areas below lines, lines below points.
const ORDER = ['width', 'reach', 'area', 'cell', 'outside', 'uncovered', 'shortest', 'lower', 'piece', 'term', 'gap'];
const rank = ({properties: {kind}}) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);

function styleOf({kind, incidents}, color, most) {
  if (kind === 'outside') return HIDDEN;
  if (kind === 'width' || kind === 'reach' || kind === 'area') {
    return {color, weight: 1.5, fillColor: color, fillOpacity: 0.1};
  }
  if (kind === 'piece') return {color, weight: 3 + (7 * (incidents ?? 0)) / most, opacity: 0.85, lineCap: 'butt'};
  if (kind === 'cell') return {color, weight: 1.5, fillColor: color, fillOpacity: 0.4};
  if (kind === 'shortest') return {color, weight: 4, dashArray: '8 6', lineCap: 'butt'};
  if (kind === 'lower') return {color, weight: 5, opacity: 0.8};
  if (kind === 'uncovered') return {color, weight: 4, dashArray: '3 3', lineCap: 'butt'};
  return {color, weight: 4};
}

// Where the letter stands: at the answer's own place, in the middle of its line, or at the top of its area.
function anchorOf(layer, features) {
  const place = features.find(({properties}) => properties.kind === 'place');
  if (place) return flipped(place.geometry.coordinates);
  // A and B stand at the ends of a way already.
  const way = features.find(({properties}) => properties.kind === 'lower')?.geometry.coordinates;
  if (way) return flipped(way[Math.floor(way.length / 2)]);
  const pieces = features.filter(({properties}) => properties.kind === 'piece');
  if (pieces.length) {
    return flipped(pieces[Math.floor(pieces.length / 2)].geometry.coordinates[0][0]);
  }
  const bounds = layer.getBounds();
  return bounds.isValid() ? [bounds.getNorth(), bounds.getCenter().lng] : null;
}

const flipped = ([lon, lat]) => [lat, lon];

// What the picture of the map draws of the answers, on its canvas.
export function paintAnswers(context, map, groups) {
  for (const group of groups) group.eachLayer((layer) => layer.eachLayer && layer.eachLayer((each) => paintOne(context, map, each)));
  for (const {told} of groups) if (told) paintLetter(context, map.latLngToContainerPoint(told.anchor), told);
}

function paintLetter(context, {x, y}, {letter, color}) {
  context.save();
  context.beginPath();
  context.arc(x, y, 12, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = '#fff';
  context.stroke();
  context.fillStyle = '#fff';
  context.font = '700 13px sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(letter, x, y + 1);
  context.restore();
}

function paintOne(context, map, layer) {
  const {color, weight, dashArray, fillColor, fillOpacity, radius, opacity = 1} = layer.options;
  context.save();
  context.beginPath();
  if (layer.getLatLngs) trace(context, map, layer.getLatLngs(), layer instanceof L.Polygon);
  else if (layer.getLatLng && radius) {
    const {x, y} = map.latLngToContainerPoint(layer.getLatLng());
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  if (layer instanceof L.Polygon || radius) {
    context.globalAlpha = fillOpacity ?? 0.2;
    context.fillStyle = fillColor ?? color;
    context.fill('evenodd');
  }
  context.globalAlpha = opacity;
  context.strokeStyle = color;
  context.lineWidth = weight;
  context.setLineDash(dashArray ? String(dashArray).split(' ').map(Number) : []);
  context.stroke();
  context.restore();
}

function trace(context, map, latlngs, closed) {
  if (Array.isArray(latlngs[0])) {
    for (const part of latlngs) trace(context, map, part, closed);
    return;
  }
  latlngs.forEach((latlng, at) => {
    const {x, y} = map.latLngToContainerPoint(latlng);
    if (at) context.lineTo(x, y);
    else context.moveTo(x, y);
  });
  if (closed) context.closePath();
}
