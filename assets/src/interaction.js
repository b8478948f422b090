// What a click, a tap, the Enter key and the resting pointer do on a map.

import L from 'leaflet';
import {hitsAt} from './hit.js';
import {nameOf} from './naming.js';
import {openPopup} from './popup.js';

const FINGER = 14;
const POINTER = 4;
// Two levels split a bubble into sixteen cells.
const ZOOM_STEP = 2;

export function interact(face) {
  const {map} = face;
  map.on('click', ({latlng, containerPoint, originalEvent}) => {
    // Who draws on the map means places, not what lies there.
    if (face.drawing) face.drawing(latlng);
    else choose(face, containerPoint, originalEvent.pointerType === 'touch' ? FINGER : POINTER);
  });
  // The keyboard moves the map under its middle, where a cross is shown, and opens what lies there.
  map.on('keydown', ({originalEvent}) => {
    if (originalEvent.key !== 'Enter' || originalEvent.target !== map.getContainer()) return;
    originalEvent.preventDefault();
    if (face.drawing) face.drawing(map.getCenter());
    else choose(face, map.getSize().divideBy(2), FINGER);
  });
  hover(face);
}

function choose(face, containerPoint, tolerance) {
  const {map} = face;
  const hits = hitsAt(map, face.layers, containerPoint, tolerance);
  if (!hits.length) return;
  const [{feature, place}] = hits;
  if (feature.cell && map.getZoom() < map.getMaxZoom()) {
    map.setView(map.unproject(place), Math.min(map.getZoom() + ZOOM_STEP, map.getMaxZoom()));
    return;
  }
  openPopup(face, map.containerPointToLatLng(containerPoint), hits);
}

function hover(face) {
  const {map} = face;
  const tip = L.tooltip({className: 'map-tip', direction: 'top', offset: [0, -8], opacity: 1});
  let frame = null;
  const hide = () => {
    cancelAnimationFrame(frame);
    frame = null;
    map.getContainer().classList.remove('map-over-feature');
    map.removeLayer(tip);
  };
  const show = (containerPoint) => {
    frame = null;
    const [hit] = hitsAt(map, face.layers, containerPoint, POINTER);
    map.getContainer().classList.toggle('map-over-feature', Boolean(hit));
    if (!hit || !(hit.feature.cell || hit.layer.spec.tip)) {
      map.removeLayer(tip);
      return;
    }
    const at = hit.place ? map.unproject(hit.place) : map.containerPointToLatLng(containerPoint);
    // Leaflet parses strings as HTML, but not text nodes.
    tip.setContent(document.createTextNode(nameOf(hit))).setLatLng(at).addTo(map);
  };
  map.on('mousemove', ({containerPoint, originalEvent}) => {
    // The panel and the popup lie on the map, but what is under them is not pointed at.
    if (face.drawing || originalEvent.target.closest('.leaflet-control, .leaflet-popup')) {
      hide();
      return;
    }
    if (originalEvent.pointerType === 'touch' || face.moving) return;
    frame ??= requestAnimationFrame(() => show(containerPoint));
  });
  map.on('mouseout movestart zoomstart click', hide);
}
