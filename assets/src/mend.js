// The map of a form by which a row is mended: what is drawn on it stands in the fields of the form, and the other way round.

import {nearestOn} from './nearest.js';

const frame = document.querySelector('[data-mend]');
const {L} = window;
const words = frame.dataset;
const kind = words.mend;
const fields = {
  line: document.getElementById('line'),
  longitude: document.getElementById('longitude'),
  latitude: document.getElementById('latitude'),
  corner: document.getElementById('corner'),
};
// More corners than this are not shown at once: they could not be told apart.
const MOST_CORNERS = 80;
const REACH_PIXELS = 14;
const DECIMALS = 7;
const DEBOUNCE_MS = 250;

const {map} = Object.values(window.geoapp.maps)[0];
const drawn = L.layerGroup().addTo(map);
const network = {lines: [], wanted: ''};
// Parts of corners, each [longitude, latitude] as it is stored.
let parts = [];
let chosen = null;
let adding = false;
const before = [];

// === The fields =======================================================================================================

function read() {
  if (kind === 'point') {
    const corner = [Number(fields.longitude.value.replace(',', '.')), Number(fields.latitude.value.replace(',', '.'))];
    const given = fields.longitude.value.trim() !== '' && fields.latitude.value.trim() !== '';
    return given && corner.every(Number.isFinite) ? [[corner]] : [];
  }
  return fields.line.value
    .split(/\n[ \t]*\n+/)
    .map((part) => part.split('\n').filter((line) => line.trim()).map((line) => line.trim().split(/[\s,;]+/).map(Number)))
    .map((part) => part.filter((corner) => corner.length === 2 && corner.every(Number.isFinite)))
    .filter((part) => part.length > 0);
}

function write() {
  if (kind === 'point') {
    const [lon, lat] = parts[0]?.[0] ?? ['', ''];
    fields.longitude.value = lon;
    fields.latitude.value = lat;
  } else {
    fields.line.value = parts.map((part) => part.map((corner) => corner.join(' ')).join('\n')).join('\n\n');
  }
}

const copy = () => parts.map((part) => part.map((corner) => [...corner]));
const isPoint = () => kind === 'point' || (parts.length === 1 && parts[0].length === 1);
const rounded = ({lng, lat}) => [Number(lng.toFixed(DECIMALS)), Number(lat.toFixed(DECIMALS))];

function change(act) {
  before.push(copy());
  act();
  parts = parts.filter((part) => part.length > 0);
  write();
  draw();
}

// === The network ======================================================================================================

async function fetchNetwork() {
  if (map.getZoom() < 9) return;
  const bounds = map.getBounds().pad(0.2);
  const box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((each) => each.toFixed(4));
  const wanted = `${words.network}?bbox=${box.join(',')}&own=${encodeURIComponent(words.own)}`;
  if (wanted === network.wanted) return;
  network.wanted = wanted;
  try {
    const answer = await fetch(wanted, {credentials: 'same-origin', headers: {Accept: 'application/json'}});
    if (answer.ok && wanted === network.wanted) network.lines = (await answer.json()).lines;
  } catch {
    // Without the network corners stay where they are put.
    network.wanted = '';
  }
}

function snapped(latlng) {
  if (!tools.snap.querySelector('input').checked) return rounded(latlng);
  const place = map.latLngToContainerPoint(latlng);
  const project = ([lon, lat]) => map.latLngToContainerPoint([lat, lon]);
  const found = nearestOn(network.lines, place, project, REACH_PIXELS);
  if (found === null) return rounded(latlng);
  return found.corner ?? rounded(map.containerPointToLatLng(found.point));
}

// === The drawing ======================================================================================================

const icon = (name, size) => L.divIcon({className: `mend-mark mend-${name}`, iconSize: [size, size]});

function handle(corner, name, size, options = {}) {
  return L.marker([corner[1], corner[0]], {icon: icon(name, size), draggable: true, keyboard: false, ...options}).addTo(drawn);
}

function cornersInView() {
  const bounds = map.getBounds();
  const found = [];
  parts.forEach((part, p) => part.forEach((corner, c) => {
    if (bounds.contains([corner[1], corner[0]])) found.push([p, c]);
  }));
  return found;
}

function draw() {
  drawn.clearLayers();
  if (isPoint() && parts.length) {
    handle(parts[0][0], 'point', 26).on('dragend', (event) => change(() => { parts[0][0] = snapped(event.target.getLatLng()); }));
  } else {
    for (const part of parts) {
      L.polyline(part.map(([lon, lat]) => [lat, lon]), {className: 'mend-line', weight: 4, interactive: false}).addTo(drawn);
    }
    const inView = cornersInView();
    const few = inView.length <= MOST_CORNERS;
    inView.filter(([p, c]) => few || c === 0 || c === parts[p].length - 1).forEach(([p, c]) => drawCorner(p, c, few));
  }
  tell();
}

function drawCorner(p, c, few) {
  const part = parts[p];
  const isChosen = chosen !== null && chosen[0] === p && chosen[1] === c;
  const end = c === 0 || c === part.length - 1;
  const mark = handle(part[c], isChosen ? 'chosen' : end ? 'end' : 'corner', isChosen || end ? 18 : 14);
  mark.on('click', () => { choose(p, c); });
  mark.on('dragend', (event) => change(() => { part[c] = snapped(event.target.getLatLng()); }));
  if (few && c + 1 < part.length) {
    const middle = [(part[c][0] + part[c + 1][0]) / 2, (part[c][1] + part[c + 1][1]) / 2];
    handle(middle, 'middle', 10, {opacity: 0.8}).on('dragend', (event) => change(() => {
      part.splice(c + 1, 0, snapped(event.target.getLatLng()));
      chosen = null;
    }));
  }
}

const numberOf = ([p, c]) => parts.slice(0, p).reduce((sum, part) => sum + part.length, 0) + c + 1;

function choose(p, c) {
  chosen = [p, c];
  if (fields.corner) fields.corner.value = numberOf(chosen);
  draw();
}

// === The tools ========================================================================================================

const bar = document.createElement('div');
bar.className = 'mend-tools';
const said = document.createElement('p');
said.className = 'mend-said';
said.setAttribute('role', 'status');

function tool(text, act) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button button-plain';
  button.textContent = text;
  button.addEventListener('click', act);
  bar.append(button);
  return button;
}

const tools = {};
if (kind === 'point') {
  tools.middle = tool(words.middle, () => change(() => { parts = [[rounded(map.getCenter())]]; }));
} else {
  tools.longer = tool(words.longer, () => {
    adding = !adding;
    tell();
  });
  tools.take = tool(words.take, () => change(() => {
    parts[chosen[0]].splice(chosen[1], 1);
    chosen = null;
  }));
  if (fields.corner) {
    tools.split = tool(words.split, () => {
      const details = fields.corner.closest('details');
      details.open = true;
      fields.corner.value = numberOf(chosen);
      details.querySelector('button').focus();
    });
  }
  tools.anew = tool(words.anew, () => {
    change(() => { parts = []; });
    chosen = null;
    adding = true;
    tell();
  });
}
tools.back = tool(words.back, () => {
  parts = before.pop();
  chosen = null;
  write();
  draw();
});
tools.snap = document.createElement('label');
tools.snap.className = 'mend-tool-snap';
const box = document.createElement('input');
box.type = 'checkbox';
box.checked = true;
tools.snap.append(box, ` ${words.snap}`);
bar.append(tools.snap);
frame.closest('.mend-map').before(bar);
frame.closest('.mend-map').after(said);

function tell() {
  tools.back.disabled = before.length === 0;
  if (kind === 'point') {
    said.textContent = words.hintPoint;
    return;
  }
  tools.take.disabled = chosen === null;
  if (tools.split) tools.split.disabled = chosen === null || isPoint();
  tools.longer.textContent = adding ? words.enough : words.longer;
  tools.longer.setAttribute('aria-pressed', String(adding));
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const corner = words.corner.replace('{number}', chosen ? numberOf(chosen) : '').replace('{count}', count);
  const many = cornersInView().length > MOST_CORNERS;
  said.textContent = adding ? words.hintAdding : chosen ? corner : many ? words.hintMany : words.hintLine;
  frame.classList.toggle('is-adding', adding);
}

map.on('click', ({latlng}) => {
  if (kind === 'point') {
    change(() => { parts = [[snapped(latlng)]]; });
  } else if (adding || parts.length === 0) {
    adding = true;
    change(() => {
      if (parts.length === 0) parts = [[]];
      parts[parts.length - 1].push(snapped(latlng));
    });
  } else if (chosen !== null) {
    chosen = null;
    draw();
  }
});
map.on('moveend', () => {
  draw();
  fetchNetwork();
});
map.doubleClickZoom.disable();

// What is typed is drawn.
let waiting;
for (const field of [fields.line, fields.longitude, fields.latitude].filter(Boolean)) {
  field.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      before.push(copy());
      parts = read();
      chosen = null;
      draw();
    }, DEBOUNCE_MS);
  });
}

parts = read();
draw();
fetchNetwork();
