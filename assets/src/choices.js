// The choices of the lists of filters: they are fetched when a list is opened, all that are open at once.

import {element} from './dom.js';
import {say} from './strings.js';

export class Choices {
  constructor(form, {address, filled}) {
    Object.assign(this, {form, address, filled});
    this.lists = [...form.querySelectorAll('[data-facet]')];
    for (const list of this.lists) list.addEventListener('toggle', () => this.ask());
    this.ask();
  }

  // Opens the lists of some parts of the filter.
  open(parts) {
    for (const list of this.lists) if (parts.includes(list.dataset.facet)) list.open = true;
  }

  async ask() {
    const wanted = this.lists.filter((list) => list.open && !list.querySelector('[data-choices]') && !list.dataset.asked);
    if (!wanted.length) return;
    for (const list of wanted) {
      list.dataset.asked = '';
      list.querySelector('.choices-wait')?.remove();
      list.append(element('p', {class: 'choices-wait', text: say('choicesLoading')}));
    }
    const parts = wanted.map((list) => list.dataset.facet);
    const route = parts.includes('route') ? this.address.get('route') : '';
    const query = this.address.query([], {parts: parts.join(','), route, lang: document.documentElement.lang});
    try {
      const response = await fetch(`/map/choices?${query}`, {credentials: 'same-origin', priority: 'low'});
      if (!response.ok) throw new Error(`choices answered ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      for (const list of wanted) {
        const choices = page.querySelector(`[data-choices="${list.dataset.facet}"]`);
        list.querySelector('.choices-wait').replaceWith(choices);
        this.filled(choices);
      }
    } catch {
      for (const list of wanted) list.querySelector('.choices-wait')?.replaceChildren(...this.failure());
    }
    for (const list of wanted) delete list.dataset.asked;
  }

  failure() {
    return [
      element('span', {text: say('choicesFailed')}), ' ',
      element('button', {type: 'button', class: 'tool', text: say('retry'), on: {click: () => this.ask()}}),
    ];
  }
}
