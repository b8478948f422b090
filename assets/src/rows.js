// The table of rows: it is made by the server, and follows the map and the filters; a row that is pointed at is marked
// on the map, and what is opened on the map is marked in the table.

import L from 'leaflet';
import {FILTERS} from './address.js';
import {element} from './dom.js';
import {say} from './strings.js';

const SHOWN = ['table', 'sort', 'page', 'all', 'theme', 'layers', 'at', 'lang'];

export class Rows {
  constructor(section, {map, address, open, choose}) {
    this.section = section;
    this.map = map;
    this.address = address;
    this.open = open;
    this.choose = choose;
    this.ring = L.circleMarker([0, 0], {
      className: 'map-ring', interactive: false, radius: 13, color: '#0b5475', weight: 3, fillOpacity: 0,
    });
    section.addEventListener('click', (event) => this.clicked(event));
    section.addEventListener('change', ({target}) => {
      if (!target.matches('[data-in-view]')) return;
      address.set({all: target.checked ? '' : '1', page: ''}, {push: true});
      this.load();
    });
    for (const kind of ['mouseover', 'focusin']) section.addEventListener(kind, ({target}) => this.point(target));
    for (const kind of ['mouseleave', 'focusout']) section.addEventListener(kind, () => this.ring.remove());
  }

  clicked(event) {
    const link = event.target.closest('a');
    if (link && (event.metaKey || event.ctrlKey || event.shiftKey)) return;
    const fold = event.target.closest('[data-rows-toggle]');
    if (fold) {
      this.fold(!this.section.classList.contains('rows-folded'));
      return;
    }
    const {sort, page, table, choose} = link?.dataset ?? {};
    if (choose !== undefined) {
      event.preventDefault();
      this.choose(...choose.split(':'));
    } else if (sort !== undefined) this.turn(event, {sort, page: ''}, `[data-sort$="${sort.replace('-', '')}"]`);
    else if (page !== undefined) this.turn(event, {page: page === '1' ? '' : page}, '.rows-scroll');
    else if (table !== undefined) {
      this.turn(event, {table: table === 'incidents' ? '' : table, sort: '', page: ''}, `[data-table="${table}"]`);
    } else {
      const row = event.target.closest('tr[data-key]');
      if (!row || !row.dataset.lon) return;
      event.preventDefault();
      this.open(this.layerName, row.dataset.key, this.placeOf(row), row.cells[0].textContent.trim());
    }
  }

  fold(folded) {
    this.section.classList.toggle('rows-folded', folded);
    this.section.classList.toggle('rows-open', !folded);
    this.section.querySelector('[data-rows-toggle]')?.setAttribute('aria-expanded', String(!folded));
    this.map.invalidateSize();
  }

  // Asks for another page of the table; `focus` is what has the focus afterwards.
  async turn(event, changes, focus) {
    event.preventDefault();
    this.address.set(changes, {push: true});
    await this.load();
    this.section.querySelector(focus)?.focus({preventScroll: true});
  }

  get layerName() {
    return this.section.querySelector('[data-table][aria-current]')?.dataset.table ?? 'mine_sites';
  }

  placeOf = ({dataset}) => L.latLng(Number(dataset.lat), Number(dataset.lon));

  rowOf(key) {
    return this.section.querySelector(`tr[data-key="${CSS.escape(key)}"]`);
  }

  point(target) {
    const row = target.closest('tr[data-lon]');
    if (row) this.ring.setLatLng(this.placeOf(row)).addTo(this.map);
    else this.ring.remove();
  }

  // Marks the row of what is opened on the map, if the table shows it.
  mark(layer, key) {
    for (const row of this.section.querySelectorAll('tr[aria-current]')) row.removeAttribute('aria-current');
    this.marked = layer ? [layer, key] : null;
    const row = layer === this.layerName ? this.rowOf(key) : null;
    row?.setAttribute('aria-current', 'true');
    row?.scrollIntoView({block: 'nearest'});
  }

  // What is shown, or still on its way, is of another view than the map's by now.
  outdate() {
    this.controller?.abort();
    this.section.setAttribute('aria-busy', 'true');
  }

  async load() {
    this.outdate();
    const {signal} = (this.controller = new AbortController());
    const bounds = this.map.getBounds();
    const edges = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const bbox = this.address.get('all') ? '' : edges.map((edge) => edge.toFixed(5)).join(',');
    // An address without a table means the first one that the viewer has.
    const table = this.address.get('table') || (this.section.querySelector('[data-table]')?.dataset.table ?? '');
    const query = this.address.query([...FILTERS, ...SHOWN], {bbox, table, lang: document.documentElement.lang});
    try {
      const response = await fetch(`/map/rows?${query}`, {signal, credentials: 'same-origin'});
      if (!response.ok) throw Object.assign(new Error(`rows answered ${response.status}`), {status: response.status});
      const text = await response.text();
      if (signal.aborted) return;
      const folded = this.section.classList.contains('rows-folded');
      this.section.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
      if (folded) this.fold(true);
      this.ring.remove();
      if (this.marked) this.mark(...this.marked);
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error.status);
    }
    this.section.setAttribute('aria-busy', 'false');
  }

  fail(status) {
    const again = element('button', {type: 'button', class: 'tool', text: say('retry'), on: {click: () => this.load()}});
    const words = say([401, 403].includes(status) ? 'refused' : 'rowsFailed');
    const body = this.section.querySelector('.rows-body');
    body?.replaceChildren(element('p', {class: 'rows-none rows-fault', role: 'alert'}, element('span', {text: words}), again));
  }
}
