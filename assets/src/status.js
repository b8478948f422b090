// The status line of a map: loading, parts that could not be loaded, nothing to show.

import {element} from './dom.js';
import {say} from './strings.js';

// Shorter waits are not worth a word.
const PATIENCE = 500;

const REFUSED = new Set([401, 403]);

export class Status {
  constructor(face) {
    this.face = face;
    this.line = face.map.getContainer().closest('[data-map-frame]')?.querySelector('[data-map-status]') ?? null;
    this.state = '';
  }

  show({loading, failed, empty}) {
    let state = '';
    if (loading) state = 'loading';
    else if (failed.some((tile) => REFUSED.has(tile.status))) state = 'refused';
    else if (failed.length) state = 'failed';
    else if (empty) state = 'empty';
    if (state === this.state) return;
    this.state = state;
    clearTimeout(this.timer);
    if (state === 'loading') this.timer = setTimeout(() => this.write(state), PATIENCE);
    else this.write(state);
  }

  write(state) {
    if (!this.line) return;
    this.line.dataset.state = state;
    this.line.replaceChildren();
    if (!state) return;
    this.line.append(element('span', {text: say(state)}));
    if (state === 'failed') {
      const retry = () => this.face.retry();
      this.line.append(element('button', {type: 'button', text: say('retry'), on: {click: retry}}));
    }
  }
}
