// The strip chart of a route: the piece under the pointer lights up on the map, and the other way round.

import L from 'leaflet';
import {picture} from './picture.js';

// How far from the route, in pixels, the pointer still means a piece of it.
const REACH = 18;

export function strip(map, steps) {
  const chart = document.querySelector('[data-strip]');
  if (!chart) return;
  const readout = document.querySelector('[data-strip-readout]');
  const said = readout.textContent;
  const bars = [...chart.querySelectorAll('[data-step]')];
  const cursor = chart.querySelector('[data-strip-cursor]');
  const line = L.polyline([], {color: '#ffd23f', weight: 9, opacity: 0.9, interactive: false, className: 'map-piece'});
  const length = Number(chart.dataset.length);
  const pieces = [...document.querySelectorAll('[data-piece]')].map((row) => {
    const [from, to] = row.dataset.piece.split(',').map((km) => (Number(km) / length) * steps.length);
    return {row, from, to};
  });
  // On paper the map is a picture, which is as wide as the sheet.
  const sheet = document.querySelector('[data-print-sheet]');
  const title = document.querySelector('h1').textContent;
  window.addEventListener('beforeprint', () => sheet.replaceChildren(picture(map, {title, mark: sheet.dataset.mark})));
  window.addEventListener('afterprint', () => sheet.replaceChildren());
  let at = null;

  const show = (index) => {
    if (index === at) return;
    if (at !== null) bars[at].classList.remove('step-now');
    at = index;
    for (const {row, from, to} of pieces) row.classList.toggle('piece-now', index !== null && index + 0.5 >= from && index + 0.5 < to);
    if (index === null) {
      line.remove();
      cursor.hidden = true;
      readout.textContent = said;
      return;
    }
    bars[index].classList.add('step-now');
    line.setLatLngs(steps[index]).addTo(map);
    cursor.hidden = false;
    cursor.style.left = `${(100 * (index + 0.5)) / steps.length}%`;
    readout.textContent = bars[index].querySelector('title').textContent;
    chart.setAttribute('aria-valuenow', index);
    chart.setAttribute('aria-valuetext', readout.textContent);
  };

  const under = ({clientX}) => {
    const {left, width} = chart.getBoundingClientRect();
    return Math.max(0, Math.min(steps.length - 1, Math.floor(((clientX - left) / width) * steps.length)));
  };
  chart.addEventListener('pointermove', (event) => show(under(event)));
  chart.addEventListener('pointerleave', () => show(null));
  chart.addEventListener('click', (event) => map.panTo(steps[under(event)][1]));
  chart.addEventListener('keydown', (event) => {
    const moves = {ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity};
    if (event.key === 'Enter' && at !== null) map.panTo(steps[at][1]);
    else if (event.key in moves) show(Math.max(0, Math.min(steps.length - 1, (at ?? -1) + moves[event.key])));
    else return;
    event.preventDefault();
  });
  chart.addEventListener('blur', () => show(null));

  // A row of the table lights up its whole piece.
  for (const {row, from, to} of pieces) {
    const light = () => {
      show(null);
      row.classList.add('piece-now');
      line.setLatLngs(steps.filter((step, index) => index + 0.5 >= from && index + 0.5 < to)).addTo(map);
    };
    for (const kind of ['mouseenter', 'focus']) row.addEventListener(kind, light);
    for (const kind of ['mouseleave', 'blur']) {
      row.addEventListener(kind, () => {
        row.classList.remove('piece-now');
        if (at === null) line.remove();
      });
    }
  }

  map.on('mousemove', ({containerPoint}) => {
    let best = null;
    let nearest = REACH;
    steps.forEach(([, middle], index) => {
      const distance = map.latLngToContainerPoint(middle).distanceTo(containerPoint);
      if (distance < nearest) [best, nearest] = [index, distance];
    });
    show(best);
  });
  map.on('mouseout', () => show(null));
}
