// The search of the page: a list of what is called like what was typed, chosen with the arrow keys or the pointer.

import {element} from './dom.js';
import {say} from './strings.js';

const PATIENCE = 180;
const SHORTEST = 2;

export class Search {
  constructor(root, {go}) {
    this.input = root.querySelector('input');
    this.list = root.querySelector('ul');
    this.none = root.querySelector('[data-search-none]');
    this.go = go;
    this.results = [];
    this.at = -1;
    let timer = null;
    this.input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.ask(), PATIENCE);
    });
    this.input.addEventListener('keydown', (event) => this.key(event));
    root.addEventListener('focusout', ({relatedTarget}) => root.contains(relatedTarget) || this.close());
    this.list.addEventListener('pointerdown', (event) => event.preventDefault());
    this.list.addEventListener('click', ({target}) => {
      const item = target.closest('li');
      if (item) this.choose(Number(item.dataset.at));
    });
  }

  async ask() {
    this.controller?.abort();
    const text = this.input.value.trim();
    if (text.length < SHORTEST) {
      this.close();
      return;
    }
    const {signal} = (this.controller = new AbortController());
    const query = new URLSearchParams({q: text, lang: document.documentElement.lang});
    try {
      const response = await fetch(`/api/v1/search?${query}`, {signal, credentials: 'same-origin'});
      if (!response.ok) throw new Error(`search answered ${response.status}`);
      const {results} = await response.json();
      if (!signal.aborted) this.show(results);
    } catch {
      if (!signal.aborted) this.say(say('searchFailed'));
    }
  }

  show(results) {
    this.results = results;
    this.at = -1;
    this.list.replaceChildren(...results.map(({title, kind, code}, at) =>
      element('li', {role: 'option', id: `search-${at}`, 'aria-selected': 'false', data: {at}},
        element('span', {class: 'search-title', text: title}),
        element('small', {text: code && code !== title ? `${kind} · ${code}` : kind}))));
    this.list.hidden = results.length === 0;
    this.input.setAttribute('aria-expanded', String(results.length > 0));
    this.none.textContent = results.length ? '' : say('searchNone');
    this.mark(results.length ? 0 : -1);
  }

  say(words) {
    this.close();
    this.none.textContent = words;
  }

  close() {
    this.controller?.abort();
    this.results = [];
    this.list.hidden = true;
    this.none.textContent = '';
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }

  mark(at) {
    this.at = at;
    [...this.list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === at)));
    if (at < 0) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `search-${at}`);
    this.list.children[at]?.scrollIntoView({block: 'nearest'});
  }

  key(event) {
    const {key} = event;
    const last = this.results.length - 1;
    if (key === 'Escape') this.close();
    else if (key === 'ArrowDown' && last >= 0) this.mark(this.at >= last ? 0 : this.at + 1);
    else if (key === 'ArrowUp' && last >= 0) this.mark(this.at <= 0 ? last : this.at - 1);
    else if (key === 'Enter') this.choose(this.at);
    else return;
    if (key !== 'Escape') event.preventDefault();
  }

  choose(at) {
    const found = this.results[at];
    if (!found) return;
    this.input.value = found.title;
    this.close();
    this.go(found);
  }
}
