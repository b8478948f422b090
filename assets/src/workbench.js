// Ties a map to the filters, the table and the tools of its page, all of them by the state in the address.

import L from 'leaflet';
import {Address, FILTERS} from './address.js';
import {element} from './dom.js';
import {faceOf} from './face.js';
import {Filters, isoDay} from './filters.js';
import {Histogram} from './histogram.js';
import {Player} from './player.js';
import {Menu} from './menu.js';
import {download, picture} from './picture.js';
import {openRow} from './popup.js';
import {Rows} from './rows.js';
import {Search} from './search.js';
import {say, whole} from './strings.js';
import {Views} from './views.js';

// What the address holds beside the filters and the row that is open.
const STATE = ['at', 'layers', 'table', 'sort', 'page', 'all', 'theme', 'ask'];
const MOVE_DELAY = 200;
const NEAR = 13;
const NARROW = 860;

export function workbench(map, layers, options) {
  const root = document.querySelector('[data-workbench]');
  return root && new Workbench(root, map, layers, options);
}

class Workbench {
  constructor(root, map, layers, options) {
    Object.assign(this, {root, map, layers, options});
    this.address = new Address();
    if (options.understood !== null) this.address.replace(options.understood);
    this.byName = Object.fromEntries(layers.map((layer) => [layer.name, layer]));
    this.filters = new Filters(root.querySelector('[data-filters]'), {
      address: this.address, changed: (chosen) => this.choose({chosen}),
    });
    const svg = root.querySelector('[data-histogram]');
    this.histogram = svg && new Histogram(svg, {
      choose: (since, until) => {
        this.filters.setPeriod(since, until);
        this.choose();
      },
    });
    const player = root.querySelector('[data-player]');
    this.player = player && new Player(player, {
      period: () => this.filters.read(),
      months: () => this.histogram.months,
      show: (since, until) => {
        this.filters.setPeriod(since, until);
        // Each step is the same entry of the history: back leads to before the playing.
        this.choose({push: false});
      },
    });
    this.rows = new Rows(root.querySelector('[data-rows]'), {
      map,
      address: this.address,
      open: (...row) => this.openRow(...row),
      choose: (part, code) => this.turn(part, code),
    });
    this.histogram?.markPeriod(this.filters.read());
    this.panel();
    this.questions();
    this.tools();
    this.share();
    new Search(root.querySelector('[data-search]'), {go: (found) => this.go(found)});
    this.follow();
    this.address.onReturn(() => this.restore());
    this.badge();
    this.count();
  }

  // Somebody has changed a filter.
  choose({chosen = this.filters.read(), push = true} = {}) {
    const before = this.address.get('route');
    this.address.set({...chosen, page: ''}, {push});
    this.filters.badges();
    this.apply();
    if (this.address.get('route') !== before) this.lookAtRoute();
  }

  // Chooses one code more of a list, or no longer.
  turn(part, code) {
    const chosen = new Set(this.address.get(part).split(',').filter(Boolean));
    if (!chosen.delete(code)) chosen.add(code);
    this.address.set({[part]: [...chosen].sort().join(','), page: ''}, {push: true});
    this.filters.write((name) => this.address.get(name));
    this.apply();
  }

  // Brings a route into view that has just been chosen.
  lookAtRoute() {
    const {corners} = this.root.querySelector('select[name="route"]')?.selectedOptions[0]?.dataset ?? {};
    if (!corners) return;
    const [south, west, north, east] = corners.split(',').map(Number);
    this.map.fitBounds([[south, west], [north, east]], {animate: false, padding: [30, 30], maxZoom: 13});
  }

  // Shows on the map, in the counts and in the table what the form says.
  apply() {
    const chosen = this.filters.read();
    this.histogram?.markPeriod(chosen);
    this.badge();
    for (const layer of this.layers) {
      const query = this.address.query(layer.spec.filters.filter((name) => chosen[name]));
      const {pattern} = layer.spec;
      const url = query ? `${pattern}${pattern.includes('?') ? '&' : '?'}${query}` : pattern;
      if (url !== layer.spec.url) layer.setUrl(url);
    }
    this.links();
    this.count();
    this.rows.load();
  }

  async count() {
    this.counting?.abort();
    const {signal} = (this.counting = new AbortController());
    const chosen = this.filters.read();
    const sentence = this.root.querySelector('[data-sentence]');
    const query = this.address.query(FILTERS.filter((name) => chosen[name]), {lang: document.documentElement.lang});
    try {
      const response = await fetch(`/api/v1/counts?${query}`, {signal, credentials: 'same-origin'});
      if (!response.ok) throw new Error(`counts answered ${response.status}`);
      const counts = await response.json();
      if (signal.aborted) return;
      this.filters.showCounts(counts);
      this.histogram?.show(counts.months);
      sentence.textContent = counts.sentence;
      delete this.root.dataset.stale;
    } catch {
      if (signal.aborted) return;
      // Old counts beside new choices would be wrong.
      this.root.dataset.stale = '';
      sentence.textContent = say('countsFailed');
    }
  }

  // Takes the address for what is to be shown, after back or forward.
  restore() {
    this.applying = true;
    this.filters.choices.open(FILTERS.filter((name) => this.address.get(name)));
    this.filters.write((name) => this.address.get(name));
    const [zoom, lat, lon] = this.address.get('at').split('/').map(Number);
    if (this.address.get('at')) this.map.setView([lat, lon], zoom, {animate: false});
    else this.map.fitBounds(this.options.start, {animate: false});
    const shown = this.address.get('layers').split(',');
    for (const layer of this.layers) {
      const visible = this.address.get('layers') ? shown.includes(layer.name) : layer.spec.atFirst;
      if (visible !== layer.isVisible()) layer.setVisible(visible);
    }
    this.applying = false;
    this.showTheme();
    this.apply();
    if (this.asking) this.asking.then((questions) => questions?.restore());
    else if (this.address.list('ask').length) this.showQuestions?.(true);
  }

  follow() {
    const {map, address} = this;
    let timer = null;
    const moved = () => {
      const {lat, lng} = map.getCenter();
      if (!this.applying) address.set({at: `${Number(map.getZoom().toFixed(2))}/${lat.toFixed(4)}/${lng.toFixed(4)}`, page: ''});
      clearTimeout(timer);
      if (address.get('all')) return;
      this.rows.outdate();
      timer = setTimeout(() => this.rows.load(), MOVE_DELAY);
    };
    map.once('rest', () => {
      map.on('moveend', moved);
      this.rows.load();
      this.reopen();
    });
    map.on('layeradd layerremove', ({layer}) => {
      if (this.applying || !this.layers.includes(layer)) return;
      const shown = this.layers.filter((each) => each.isVisible()).map((each) => each.name);
      const first = this.layers.filter((each) => each.spec.atFirst).map((each) => each.name);
      address.set({layers: String(shown) === String(first) ? '' : shown.join(',') || 'none'}, {push: true});
    });
    map.on('detail', ({layer, key}) => {
      address.set({open: `${layer}:${key}`});
      this.rows.mark(layer, key);
    });
    map.on('detailclosed', () => {
      address.set({open: ''});
      this.rows.mark(null);
    });
  }

  openRow(name, key, latlng, title) {
    const layer = this.byName[name];
    if (!layer) return;
    if (!this.map.getBounds().pad(-0.1).contains(latlng)) this.map.setView(latlng, Math.max(this.map.getZoom(), NEAR), {animate: false});
    openRow(faceOf(this.map), layer, {key, name: title, latlng});
  }

  // To what was looked for.
  go({layer, key, title, lon, lat, zoom}) {
    if (lon === null) {
      location.href = `/incidents/${key}?lang=${document.documentElement.lang}`;
      return;
    }
    this.map.setView([lat, lon], zoom, {animate: false});
    const shown = this.byName[layer];
    if (!shown) return;
    if (!shown.isVisible()) shown.setVisible(true);
    openRow(faceOf(this.map), shown, {key, name: title, latlng: L.latLng(lat, lon)});
  }

  // What a shared address has open.
  reopen() {
    const [name, ...rest] = this.address.get('open').split(':');
    const key = rest.join(':');
    if (!key || !this.byName[name]) return;
    const row = this.rows.rowOf(key);
    this.openRow(name, key, row?.dataset.lon ? this.rows.placeOf(row) : this.map.getCenter(), '');
  }

  panel() {
    const toggle = this.root.querySelector('[data-panel-toggle]');
    const isOpen = () => toggle.getAttribute('aria-expanded') === 'true';
    const show = (open) => {
      if (open) this.showQuestions?.(false);
      this.root.classList.toggle('panel-closed', !open);
      this.root.classList.toggle('panel-open', open);
      toggle.setAttribute('aria-expanded', String(open));
      this.map.invalidateSize();
    };
    this.showPanel = show;
    toggle.addEventListener('click', () => show(!isOpen()));
    this.root.querySelector('[data-panel-close]').addEventListener('click', () => {
      show(false);
      toggle.focus();
    });
    // In a narrow window the style sheet has folded both away.
    const narrow = this.root.offsetWidth <= NARROW;
    toggle.setAttribute('aria-expanded', String(!narrow));
    this.rows.fold(narrow);
    const container = this.map.getContainer();
    new ResizeObserver(() => {
      // On paper the map is not laid out: its picture stands there.
      if (this.printing || !container.offsetWidth) return;
      this.map.invalidateSize();
      container.style.setProperty('--map-height', `${container.offsetHeight}px`);
    }).observe(container);
  }

  // The panel of risk questions, for those who may ask them; what it takes is loaded when it is first opened.
  questions() {
    const toggle = this.root.querySelector('[data-questions-toggle]');
    if (!toggle) return;
    const panel = this.root.querySelector('[data-question-panel]');
    this.showQuestions = (open) => {
      if (open) this.showPanel(false);
      this.root.classList.toggle('questions-open', open);
      toggle.setAttribute('aria-expanded', String(open));
      this.map.invalidateSize();
      if (open) this.asking ??= this.loadQuestions(toggle.dataset, panel);
    };
    toggle.addEventListener('click', () => this.showQuestions(toggle.getAttribute('aria-expanded') !== 'true'));
    panel.querySelector('[data-questions-close]').addEventListener('click', () => {
      this.showQuestions(false);
      toggle.focus();
    });
    if (this.address.list('ask').length) this.showQuestions(true);
  }

  async loadQuestions({script, sheet}, panel) {
    const body = panel.querySelector('[data-question-body]');
    try {
      const link = element('link', {rel: 'stylesheet', href: sheet});
      const styled = new Promise((resolve, reject) => Object.assign(link, {onload: resolve, onerror: reject}));
      document.head.append(link);
      await Promise.all([styled, import(script)]);
      return window.geoapp.questions({
        root: this.root, panel, map: this.map, face: faceOf(this.map), address: this.address, show: this.showQuestions, say,
      });
    } catch {
      this.asking = null;
      const again = element('button', {type: 'button', class: 'tool', text: say('retry'), on: {click: () => this.showQuestions(true)}});
      body.replaceChildren(element('p', {role: 'alert', text: say('choicesFailed')}), again);
      return null;
    }
  }

  badge() {
    const chosen = this.filters.read();
    const number = FILTERS.filter((name) => name !== 'within_km' && chosen[name]).length;
    const badge = this.root.querySelector('[data-chosen]');
    badge.textContent = whole(number);
    badge.hidden = number === 0;
    this.root.querySelector('[data-clear]').hidden = number === 0;
  }

  // Where the rows that are shown can be had otherwise: as files, and without the map.
  links() {
    const {lang} = document.documentElement;
    const chosen = this.filters.read();
    const query = this.address.query(FILTERS.filter((name) => chosen[name]), {lang});
    for (const link of this.root.querySelectorAll('[data-export]')) link.href = `/export?${query}`;
    for (const link of this.root.querySelectorAll('[data-compare]')) link.href = `/compare?${this.state(['lang'])}`;
    for (const link of this.root.querySelectorAll('[data-into-briefing]')) {
      link.href = `/briefings/add?${new URLSearchParams({view: this.state(), lang})}`;
    }
    this.root.querySelector('[data-plain]').href = `/table?${this.state(['lang'])}`;
  }

  // The state as the address holds it, without the language unless it is asked for.
  state(more = []) {
    return this.address.query([...FILTERS, ...STATE, ...more]);
  }

  // The map for paper, as it is now.
  picture() {
    return picture(this.map, {title: this.root.querySelector('[data-sentence]').textContent, mark: this.root.dataset.mark});
  }

  share() {
    const root = this.root.querySelector('[data-share]');
    const menu = new Menu(root, {opened: () => this.links()});
    const sheet = this.root.querySelector('[data-print-sheet]');
    root.querySelector('[data-picture]').addEventListener('click', async () => {
      await faceOf(this.map).idle;
      await download(this.picture(), `geoapp-${isoDay(new Date())}.png`);
      menu.close();
    });
    root.querySelector('[data-print]').addEventListener('click', async () => {
      menu.close();
      await faceOf(this.map).idle;
      window.print();
    });
    window.addEventListener('beforeprint', () => {
      this.printing = true;
      sheet.replaceChildren(this.picture());
    });
    window.addEventListener('afterprint', () => {
      this.printing = false;
      sheet.replaceChildren();
    });
    const views = this.root.querySelector('[data-views]');
    if (views) new Views(views, {state: () => this.state(['open'])});
  }

  tools() {
    const copy = this.root.querySelector('[data-copy]');
    const words = copy.textContent;
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        copy.textContent = say('copied');
      } catch {
        // Without the clipboard the link can still be copied by hand.
        window.prompt(words, location.href);
      }
      setTimeout(() => (copy.textContent = words), 2000);
    });
    const dark = this.root.querySelector('[data-theme-toggle]');
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const isDark = () => (this.address.get('theme') || (system.matches ? 'dark' : 'light')) === 'dark';
    this.showTheme = () => {
      const theme = this.address.get('theme');
      if (theme) document.documentElement.dataset.theme = theme;
      else delete document.documentElement.dataset.theme;
      dark.setAttribute('aria-pressed', String(isDark()));
    };
    dark.addEventListener('click', () => {
      const wanted = isDark() ? 'light' : 'dark';
      this.address.set({theme: wanted === (system.matches ? 'dark' : 'light') ? '' : wanted});
      this.showTheme();
    });
    this.showTheme();
    const note = this.root.querySelector('[data-faults]');
    note?.querySelector('[data-close-faults]').addEventListener('click', () => note.remove());
  }
}
