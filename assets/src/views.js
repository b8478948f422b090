// The menu of kept views: the server makes its list and its forms, which are sent from here.

import {element} from './dom.js';
import {Menu} from './menu.js';
import {say} from './strings.js';

export class Views {
  constructor(root, {state}) {
    this.body = root.querySelector('[data-views-body]');
    this.state = state;
    new Menu(root, {opened: () => this.load()});
    this.body.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send(event.target, event.submitter);
    });
  }

  load() {
    return this.ask(`/views?part=list&lang=${document.documentElement.lang}&${this.state()}`);
  }

  async send(form, submitter) {
    const data = new URLSearchParams(new FormData(form));
    if (submitter?.name) data.set(submitter.name, submitter.value);
    data.set('query', this.state());
    const url = new URL(form.action);
    url.searchParams.set('part', 'list');
    await this.ask(url.href, {method: 'POST', body: data});
    (this.body.querySelector('[role="alert"]') ? this.body.querySelector('#view-name') : this.body).focus();
  }

  async ask(url, options = {}) {
    try {
      const response = await fetch(url, {credentials: 'same-origin', redirect: 'error', ...options});
      if (!response.ok && response.status !== 422) throw new Error(`views answered ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      this.body.replaceChildren(...page.body.childNodes);
    } catch {
      const again = element('button', {type: 'button', class: 'tool', text: say('retry'), on: {click: () => this.load()}});
      this.body.replaceChildren(element('p', {role: 'alert', text: say('viewsFailed')}), again);
    }
  }
}
