// The panel of risk questions beside the map: forms and drawing tools, the open answers, and their figures side by side.
// It is loaded when it is first opened; an answer is its address, a question with its parameters, and so part of the map's.

import {element} from './dom.js';
import {Draw} from './draw.js';
import {Overlay, paintAnswers} from './overlay.js';
import {degrees, fitting, parsed, shapeOf, written} from './points.js';
import {learn, say} from './strings.js';

// Far enough apart for colour-blind people, and dark enough for white letters.
const COLORS = ['#0b5475', '#b3440e', '#6a3d9a', '#00664f', '#8a1c5b', '#5c5300'];
const LETTERS = 'ABCDEF';
// What a server takes as an address, less what a proxy or a filter may add.
const LONGEST_ADDRESS = 7000;
const LARGEST_FILE = 5_000_000;
const NARROW = 860;
// Of the map's filters those that a question may be asked with, too.
const SHARED = ['since', 'until', 'level', 'category', 'unit'];

class Questions {
  constructor({root, panel, map, face, address, show, say: speak}) {
    Object.assign(this, {root, panel, map, face, address, show, say: speak});
    this.answers = [];
    this.body = panel.querySelector('[data-question-body]');
    this.choices = panel.querySelector('[data-question-new]');
    this.list = panel.querySelector('[data-answers]');
    this.comparison = panel.querySelector('[data-comparison]');
    this.overlay = new Overlay(map);
    this.draw = new Draw(map, face, map.getContainer().closest('[data-map-frame]'));
    face.overdraw = (context) => paintAnswers(context, map, this.answers.map(({group}) => group).filter(Boolean));
    this.load();
  }

  async load() {
    this.body.replaceChildren(element('p', {text: this.say('choicesLoading')}));
    try {
      const response = await fetch(`/risk?part=panel&lang=${document.documentElement.lang}`, {credentials: 'same-origin'});
      if (!response.ok) throw Object.assign(new Error(`questions answered ${response.status}`), {status: response.status});
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      const {key, ...words} = JSON.parse(page.querySelector('[data-question-words]').textContent);
      this.keyWords = key;
      learn(words);
      page.querySelector('[data-question-words]').remove();
      this.body.replaceChildren(...page.body.childNodes);
    } catch ({status}) {
      // Of its own words there are none yet; the map's say the same.
      const {say: speak} = this;
      const again = element('button', {type: 'button', class: 'tool', text: speak('retry'), on: {click: () => this.load()}});
      const words = speak([401, 403].includes(status) ? 'refused' : 'choicesFailed');
      this.body.replaceChildren(element('p', {role: 'alert', text: words}), again);
      return;
    }
    for (const choice of this.body.querySelectorAll('[data-question]')) this.prepare(choice);
    this.restore();
  }

  // Makes the form of a question live: it starts with what the map is filtered by.
  prepare(choice) {
    const form = choice.querySelector('form');
    choice.addEventListener('toggle', () => {
      if (!choice.open) return;
      for (const other of this.body.querySelectorAll('[data-question][open]')) if (other !== choice) other.open = false;
      for (const name of SHARED) fill(form, name, this.address.get(name));
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send(form);
    });
    for (const button of choice.querySelectorAll('[data-draw]')) {
      button.addEventListener('click', () => this.start(button.dataset.draw, form, button));
    }
    const file = choice.querySelector('[data-draw-file]');
    file?.addEventListener('change', () => this.read(file, form, choice.dataset.draws));
  }

  start(kind, form, button) {
    // A narrow window has no room for the panel and the map at once.
    const away = this.root.offsetWidth <= NARROW;
    if (away) this.show(false);
    this.draw.start(kind, (points, radius) => {
      put(form, kind, points, radius);
      this.send(form);
    }, () => {
      if (away) this.show(true);
      button.focus({preventScroll: true});
    });
  }

  async read(file, form, kind) {
    const [chosen] = file.files;
    file.value = '';
    const points = chosen.size > LARGEST_FILE ? null : shapeOf(await chosen.text(), kind);
    if (!points) {
      this.fault(form, say(chosen.size > LARGEST_FILE ? 'tooLarge' : 'notGeojson'));
      return;
    }
    put(form, kind, points);
    this.send(form);
  }

  fault(form, words = '') {
    const line = form.parentElement.querySelector('[data-ask-fault]');
    if (line) line.textContent = words;
  }

  // Asks what a form says: as a new answer, or in the place of the one that it belongs to.
  send(form, answer = null) {
    const ask = askOf(form);
    const others = this.answers.map((each) => (each === answer ? ask : each.ask));
    const asks = answer ? others : [...others, ask];
    this.fault(form);
    const open = this.answers.find((each) => each.ask === ask && each !== answer);
    if (open) {
      this.bring(open);
      return;
    }
    if (asks.length > LETTERS.length || this.lengthWith(asks) > LONGEST_ADDRESS) {
      if (answer) answer.status.textContent = say('tooMany');
      else this.fault(form, say('tooMany'));
      return;
    }
    if (answer) {
      answer.ask = ask;
      this.fetch(answer);
    } else this.open(ask);
    this.keep({push: true});
  }

  lengthWith(asks) {
    return location.href.length - this.address.list('ask').join('').length + asks.map(encodeURIComponent).join('').length;
  }

  keep(options) {
    this.address.set({ask: this.answers.map(({ask}) => ask)}, options);
  }

  // Opens and closes answers until they are those of the address.
  restore() {
    const wanted = this.address.list('ask');
    for (const answer of [...this.answers]) if (!wanted.includes(answer.ask)) this.close(answer, {quiet: true});
    // A link that says no place means that of its answers.
    this.fitting = !this.address.get('at');
    const missing = wanted.filter((ask) => !this.answers.some((answer) => answer.ask === ask));
    for (const ask of missing.slice(0, LETTERS.length)) this.open(ask, {scroll: false});
  }

  open(ask, {scroll = true} = {}) {
    if (scroll) this.fitting = false;
    const letter = [...LETTERS].find((each) => !this.answers.some((answer) => answer.letter === each));
    const answer = {ask, letter, color: COLORS[LETTERS.indexOf(letter)]};
    const chip = element('span', {class: 'answer-letter', text: letter, 'aria-hidden': 'true'});
    chip.style.background = answer.color;
    answer.title = element('h3', {tabindex: '-1', 'aria-label': say('answer', {letter})});
    answer.status = element('p', {class: 'answer-status', role: 'status'});
    answer.content = element('div');
    answer.article = element('article', {class: 'answer-card', data: {answer: letter}},
      element('header', {},
        chip, answer.title,
        element('button', {
          type: 'button', class: 'answer-tool answer-look', 'aria-label': say('show', {letter}), title: say('show', {letter}),
          on: {click: () => this.look(answer)},
        }),
        element('button', {
          type: 'button', class: 'answer-tool', text: '×', 'aria-label': say('close', {letter}), title: say('close', {letter}),
          on: {click: () => this.close(answer)},
        })),
      answer.status, answer.content);
    this.answers.push(answer);
    // The answers are what is looked at now.
    this.choices.open = false;
    this.list.prepend(answer.article);
    this.fetch(answer, {scroll});
  }

  bring({article, title}) {
    article.scrollIntoView({block: 'nearest'});
    title.focus({preventScroll: true});
  }

  close(answer, {quiet = false} = {}) {
    answer.controller?.abort();
    answer.group?.remove();
    answer.article.remove();
    this.answers = this.answers.filter((each) => each !== answer);
    this.compare();
    if (quiet) return;
    this.keep({push: true});
    if (!this.answers.length) this.choices.open = true;
    (this.list.querySelector('h3') ?? this.choices.querySelector('summary')).focus();
  }

  async fetch(answer, {scroll = true} = {}) {
    answer.controller?.abort();
    const {signal} = (answer.controller = new AbortController());
    answer.group?.remove();
    answer.group = null;
    const asked = answer.ask;
    answer.status.textContent = say(asked.startsWith('hotspots') ? 'loadingLong' : 'loading');
    answer.content.setAttribute('aria-busy', 'true');
    if (scroll) this.bring(answer);
    const join = asked.includes('?') ? '&' : '?';
    try {
      const url = `/risk/${asked}${join}part=answer&lang=${document.documentElement.lang}`;
      const response = await fetch(url, {signal, credentials: 'same-origin'});
      if (!response.ok && response.status !== 400) throw Object.assign(new Error('no answer'), {status: response.status});
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      if (signal.aborted) return;
      this.fill(answer, page);
      if (response.ok) await this.picture(answer, signal, scroll);
    } catch ({status}) {
      if (signal.aborted) return;
      const again = element('button', {type: 'button', class: 'tool', text: say('retry'), on: {click: () => this.fetch(answer)}});
      const words = say([401, 403].includes(status) ? 'refused' : 'failed');
      answer.status.replaceChildren(element('span', {role: 'alert', text: words}), again);
    }
    answer.content.setAttribute('aria-busy', 'false');
    this.compare();
  }

  fill(answer, page) {
    const told = page.querySelector('[data-answered]');
    answer.status.replaceChildren();
    const name = answer.ask.split('?')[0];
    const choice = this.body.querySelector(`[data-question="${CSS.escape(name)}"] summary`);
    answer.title.textContent = choice?.textContent ?? name;
    answer.title.removeAttribute('aria-label');
    if (!told) {
      answer.content.replaceChildren(...page.body.childNodes);
      return;
    }
    answer.content.replaceChildren(told);
    const form = told.querySelector('form');
    form?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send(form, answer);
    });
  }

  async picture(answer, signal, look) {
    const [name, query] = answer.ask.split('?');
    const response = await fetch(`/risk/${name}.geojson?${query ? `${query}&` : ''}part=map`, {signal, credentials: 'same-origin'});
    if (!response.ok || signal.aborted) return;
    const collection = await response.json();
    if (signal.aborted) return;
    const {group, bounds} = this.overlay.draw(collection, answer);
    Object.assign(answer, {group, bounds});
    this.key(answer, collection);
    answer.article.dataset.drawn = collection.features.length;
    if (this.fitting && bounds.isValid()) {
      this.seen = this.seen?.extend(bounds) ?? window.L.latLngBounds(bounds.getSouthWest(), bounds.getNorthEast());
      this.look({bounds: this.seen}, {away: false});
    } else if (look && bounds.isValid() && !this.map.getBounds().contains(bounds)) this.look(answer);
  }

  // What each of the things that are drawn stands for.
  key(answer, {features}) {
    const kinds = new Set(features.map(({properties}) => properties.kind));
    const items = Object.entries(this.keyWords).filter(([kind]) => kinds.has(kind)).map(([kind, words]) => {
      const swatch = element('span', {class: `key-swatch key-${kind}`, 'aria-hidden': 'true'});
      if (kind !== 'outside') swatch.style.color = answer.color;
      return element('li', {}, swatch, element('span', {text: words}));
    });
    answer.content.querySelector('.answer-figures')?.after(element('ul', {class: 'answer-key'}, ...items));
  }

  look({bounds}, {away = true} = {}) {
    if (away && this.root.offsetWidth <= NARROW) this.show(false);
    if (bounds?.isValid()) this.map.fitBounds(bounds, {animate: false, padding: [30, 30], maxZoom: 14});
  }

  // The figures of two or more answers, a column each.
  compare() {
    const told = this.answers.map((answer) => ({
      ...answer,
      figures: [...answer.article.querySelectorAll('[data-figure]')],
    })).filter(({figures}) => figures.length);
    if (told.length < 2) {
      this.comparison.replaceChildren();
      return;
    }
    const labels = new Map();
    for (const {figures} of told) for (const each of figures) if (!labels.has(each.dataset.figure)) labels.set(each.dataset.figure, each.querySelector('dt').textContent);
    const shown = ({figures}, name) => figures.find((each) => each.dataset.figure === name)?.querySelector('dd').textContent ?? '';
    const heads = told.map(({letter, color, title}) => {
      const chip = element('span', {class: 'answer-letter', text: letter});
      chip.style.background = color;
      return element('th', {scope: 'col', class: 'number'}, chip, element('span', {class: 'visually-hidden', text: ` ${title.textContent}`}));
    });
    const rows = [...labels].map(([name, label]) => element('tr', {data: {compared: name}},
      element('th', {scope: 'row', text: label}),
      ...told.map((answer) => element('td', {class: 'number', text: shown(answer, name)}))));
    this.comparison.replaceChildren(
      element('h3', {text: say('compare')}),
      element('div', {class: 'rows-scroll', tabindex: '0', role: 'region', 'aria-label': say('compareCaption')},
        element('table', {class: 'rows-table compare-table'},
          element('caption', {class: 'visually-hidden', text: say('compareCaption')}),
          element('thead', {}, element('tr', {}, element('th', {scope: 'col', text: say('figure')}), ...heads)),
          element('tbody', {}, ...rows))));
  }
}

// Writes a list of codes, or a text, into the fields of a name.
function fill(form, name, text) {
  const chosen = text.split(',').filter(Boolean);
  for (const field of form.querySelectorAll(`[name="${name}"]`)) {
    if (field.type === 'checkbox') field.checked = chosen.includes(field.value);
    else if (field.tagName === 'SELECT' && chosen.length > 1 && ![...field.options].some(({value}) => value === text)) {
      field.add(new Option(text, text, true, true));
    } else field.value = text;
  }
}

// Writes what was drawn into the fields of a form.
function put(form, kind, points, radius) {
  const set = (name, value) => fill(form, name, value);
  if (kind === 'route') {
    set('line', '');
    const {route} = form.elements;
    if (![...route.options].some(({value}) => value === points)) route.add(new Option(points, points));
    route.value = points;
  } else if (kind === 'path') {
    set('from', points[0].map(degrees).join(','));
    set('to', points[1].map(degrees).join(','));
  } else if (kind === 'line' || kind === 'polygon') {
    // The field has a limit for what is sent without a script; here the points are made to fit afterwards.
    form.elements[kind].removeAttribute('maxlength');
    form.elements[kind].value = points.map((point) => point.map(degrees).join(', ')).join('\n');
    if (form.elements.route) form.elements.route.value = '';
  } else {
    set('lon', degrees(points[0][0]));
    set('lat', degrees(points[0][1]));
    if (radius) set('radius_km', String(Math.min(500, Math.max(0.1, Number((radius / 1000).toFixed(2))))));
  }
}

// What a form asks, as an address below /risk/.
function askOf(form) {
  const given = new Map();
  for (const [name, value] of new FormData(form)) {
    const text = value.trim();
    if (name !== 'lang' && text) given.set(name, given.has(name) ? `${given.get(name)},${text}` : text);
  }
  for (const name of ['line', 'polygon']) {
    const points = given.has(name) && parsed(given.get(name));
    if (!points) continue;
    const {points: kept, off} = fitting(points);
    given.set(name, written(kept));
    if (kept.length < points.length) given.set('of_points', points.length).set('off_m', off);
  }
  const query = new URLSearchParams([...given]).toString()
    .replace(/%2C/g, ',').replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%3B/g, ';');
  return query ? `${form.dataset.askForm}?${query}` : form.dataset.askForm;
}

window.geoapp.questions = (options) => new Questions(options);
