// The popup of a map: a list to choose from where several features lie together, and the detail of one.

import L from 'leaflet';
import {element} from './dom.js';
import {POINT} from './features.js';
import {nameOf} from './naming.js';
import {say, whole} from './strings.js';
import {swatch} from './symbols.js';

const LONGEST_LIST = 12;
// A longer text gets lines of its own, below its label.
const LONG_VALUE = 60;
const FAULTS = {401: 'detailRefused', 403: 'detailRefused', 404: 'detailGone', 410: 'detailGone'};

export function openPopup(face, latlng, hits) {
  new FeaturePopup(face, latlng, hits).open();
}

// Opens the detail of a row that need not be drawn: `name` is what it is called until the detail is there.
export function openRow(face, layer, {key, name, latlng}) {
  const {spec} = layer;
  const properties = {[spec.key]: key, ...(spec.tip && name ? {[spec.tip]: name} : {})};
  const feature = {kind: POINT, cell: false, properties, rule: spec.rules[0]};
  openPopup(face, latlng, [{layer, feature, place: face.map.project(latlng)}]);
}

class FeaturePopup {
  constructor({map}, latlng, hits) {
    this.map = map;
    this.latlng = latlng;
    this.hits = hits;
    // A point on top of a line or an area is what was meant; the others are offered below it.
    this.rivals = hits.filter(({feature}) => feature.kind === hits[0].feature.kind);
    // Leaflet looks for the popup among a click's parents; a button that its own click removed has none any more.
    const keep = (event) => event.stopPropagation();
    this.body = element('div', {class: 'popup', role: 'dialog', on: {click: keep}});
    this.popup = L.popup({className: 'map-popup', ...room(map)}).setContent(this.body);
    this.popup.on('add', () => map.getContainer().classList.add('map-reading'));
    this.popup.on('remove', () => this.closed());
  }

  open() {
    if (this.rivals.length > 1) this.showList();
    else this.showDetail(this.rivals[0]);
    this.popup.openOn(this.map);
    this.frame = this.popup.getElement();
    const close = this.frame.querySelector('.leaflet-popup-close-button');
    close.setAttribute('aria-label', say('close'));
    close.title = say('close');
    // Leaflet hears the key on the map alone.
    this.frame.addEventListener('keydown', ({key}) => key === 'Escape' && this.popup.close());
    this.focus();
  }

  closed() {
    this.controller?.abort();
    this.map.fire('detailclosed');
    this.map.getContainer().classList.remove('map-reading');
    if (this.frame.contains(document.activeElement)) this.map.getContainer().focus({preventScroll: true});
  }

  fill(title, ...children) {
    const focused = this.body.contains(document.activeElement);
    this.heading = element('h2', {class: 'popup-title', text: title, tabindex: '-1'});
    this.body.setAttribute('aria-label', title);
    this.body.replaceChildren(this.heading, ...children.filter(Boolean));
    if (this.popup.isOpen()) this.popup.update();
    // What had the focus is gone with the old content.
    if (focused) this.focus();
  }

  focus() {
    this.heading.focus({preventScroll: true});
  }

  showList() {
    this.controller?.abort();
    this.move(this.latlng);
    this.fill(say('choose', {count: whole(this.hits.length)}), this.choices(this.hits));
  }

  choices(hits) {
    const items = hits.slice(0, LONGEST_LIST).map((hit) =>
      element('li', {}, element('button', {type: 'button', on: {click: () => this.showDetail(hit)}},
        swatch(hit.feature.rule.symbol),
        element('span', {class: 'popup-choice'},
          element('span', {class: 'popup-choice-name', text: nameOf(hit)}),
          nameOf(hit) === hit.layer.spec.title ? null : element('small', {text: hit.layer.spec.title})))));
    const rest = hits.length - items.length;
    if (rest > 0) items.push(element('li', {class: 'popup-more', text: say('more', {count: whole(rest)})}));
    return element('ul', {class: 'popup-list'}, ...items);
  }

  move(latlng, lift = 0) {
    this.popup.options.offset = [0, 7 - lift];
    this.popup.setLatLng(latlng);
  }

  async showDetail(hit) {
    this.controller?.abort();
    const {signal} = (this.controller = new AbortController());
    if (hit.place) this.move(this.map.unproject(hit.place), 6);
    else this.move(this.latlng);
    const url = detailUrl(hit);
    if (url) this.map.fire('detail', {layer: hit.layer.name, key: String(hit.feature.properties[hit.layer.spec.key])});
    if (!url) {
      this.fill(nameOf(hit), element('p', {class: 'popup-subtitle', text: hit.layer.spec.title}), this.others(hit));
      return;
    }
    this.fill(nameOf(hit), element('p', {class: 'popup-note', role: 'status', text: say('detailLoading')}));
    try {
      const response = await fetch(url, {signal, credentials: 'same-origin', headers: {Accept: 'application/json'}});
      if (!response.ok) throw Object.assign(new Error(`detail answered ${response.status}`), {status: response.status});
      const detail = await response.json();
      if (!signal.aborted) this.fillDetail(hit, detail);
    } catch (error) {
      if (!signal.aborted) this.fillFault(hit, error);
    }
  }

  fillDetail(hit, {title, subtitle, synthetic, fields, href}) {
    this.fill(
      title || nameOf(hit),
      subtitle && element('p', {class: 'popup-subtitle', text: subtitle}),
      synthetic && element('p', {class: 'popup-synthetic', text: say('synthetic')}),
      element('dl', {class: 'popup-fields'}, ...(fields ?? []).flatMap(fieldRow)),
      href && element('a', {class: 'popup-open', href, text: say('open')}),
      this.others(hit),
    );
  }

  fillFault(hit, {status}) {
    const again = () => this.showDetail(hit);
    const button = element('button', {type: 'button', class: 'popup-action', text: say('retry'), on: {click: again}});
    this.fill(
      nameOf(hit),
      element('p', {class: 'popup-note popup-fault', role: 'alert', text: say(FAULTS[status] ?? 'detailFailed')}),
      FAULTS[status] ? null : button,
      this.others(hit),
    );
  }

  // The way back to the list, or what else lies below.
  others(hit) {
    if (this.rivals.length > 1) {
      const back = () => this.showList();
      return element('button', {type: 'button', class: 'popup-action', text: say('back'), on: {click: back}});
    }
    const others = this.hits.filter((other) => other !== hit);
    return others.length > 0 && element('div', {class: 'popup-also'},
      element('h3', {text: say('alsoHere')}), this.choices(others));
  }
}

// How large a popup may be, and what it keeps clear of: the zoom buttons and, beside an open map, the panel.
function room(map) {
  const size = map.getSize();
  const width = Math.min(340, size.x - 60);
  const panel = map.getContainer().querySelector('[data-legend]')?.offsetWidth ?? 0;
  const beside = size.x - panel - width > 120;
  return {
    minWidth: width,
    maxWidth: width,
    maxHeight: Math.max(140, size.y - 150),
    autoPanPaddingTopLeft: [beside ? 60 : 12, 12],
    autoPanPaddingBottomRight: [beside ? panel + 24 : 12, 12],
  };
}

function detailUrl({layer, feature}) {
  const {detail, key} = layer.spec;
  const value = key ? feature.properties[key] : undefined;
  if (!detail || feature.cell || value === undefined || value === null) return null;
  return detail.replace('{key}', () => encodeURIComponent(value));
}

function fieldRow({label, value}) {
  const missing = value === undefined || value === null || value === '';
  if (missing) return [element('dt', {text: label}), element('dd', {class: 'popup-missing', text: say('noValue')})];
  const wide = String(value).length > LONG_VALUE ? 'popup-wide' : null;
  return [element('dt', {class: wide, text: label}), element('dd', {class: wide, text: value})];
}
