// Plays the period by weeks or months over a range: the map, the counts, the months and the table follow.

import {isoDay} from './filters.js';
import {lastDay} from './histogram.js';
import {say} from './strings.js';

const PACE = 1600;
const DAY = 86_400_000;

export class Player {
  constructor(root, {period, months, show}) {
    Object.assign(this, {root, period, months, show, timer: null});
    this.button = root.querySelector('[data-play]');
    this.unit = root.querySelector('select');
    this.button.addEventListener('click', () => (this.timer ? this.stop() : this.start()));
    root.querySelector('[data-step-back]').addEventListener('click', () => this.step(-1));
    root.querySelector('[data-step-on]').addEventListener('click', () => this.step(1));
    this.unit.addEventListener('change', (event) => event.stopPropagation());
  }

  // What is played over: the period that was chosen before, else every month that has something.
  takeRange() {
    const {since, until} = this.period();
    if (this.shown && since === this.shown.since && until === this.shown.until) return;
    const months = this.months();
    if (!months.length) return;
    this.range = {since: since || `${months[0]}-01`, until: until || lastDay(months[months.length - 1])};
    this.shown = null;
  }

  start() {
    this.takeRange();
    if (this.shown && this.shown.until >= this.range.until) this.shown = null;
    this.button.textContent = say('pause');
    this.button.setAttribute('aria-pressed', 'true');
    this.tick();
  }

  async tick() {
    if (!this.move(1)) {
      this.stop();
      return;
    }
    this.timer = setTimeout(() => this.tick(), PACE);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.textContent = say('play');
    this.button.setAttribute('aria-pressed', 'false');
  }

  step(by) {
    this.stop();
    this.takeRange();
    this.move(by);
  }

  // Shows the piece of the range that is `by` after the one that is shown; false where there is none.
  move(by) {
    if (!this.range) return false;
    const next = this.shown
      ? this.piece(by > 0 ? moved(this.shown.until, 1) : moved(this.shown.since, -1))
      : this.piece(by > 0 ? this.range.since : this.range.until);
    if (next.until < this.range.since || next.since > this.range.until) return false;
    this.shown = next;
    this.show(next.since, next.until);
    return true;
  }

  // The week, from Monday on, or the month that a day lies in.
  piece(day) {
    if (this.unit.value === 'month') return {since: `${day.slice(0, 7)}-01`, until: lastDay(day.slice(0, 7))};
    const date = new Date(`${day}T12:00`);
    const since = moved(day, -((date.getDay() + 6) % 7));
    return {since, until: moved(since, 6)};
  }
}

const moved = (day, by) => isoDay(new Date(new Date(`${day}T12:00`).getTime() + by * DAY));
