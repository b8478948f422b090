// The bars of incidents by month: dragging over them chooses the period; the dates below do so for the keyboard.

import {element} from './dom.js';
import {language, say, whole} from './strings.js';

const HEIGHT = 100;
const TALLEST = 96;
const WIDE = 10;
const NS = 'http://www.w3.org/2000/svg';

export class Histogram {
  constructor(svg, {choose}) {
    this.svg = svg;
    this.ends = svg.parentElement.querySelector('[data-histogram-ends]');
    this.choose = choose;
    this.months = [...svg.querySelectorAll('[data-month]')].map((bar) => bar.dataset.month);
    this.listen();
  }

  listen() {
    let from = null;
    const {svg} = this;
    svg.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !this.months.length) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      from = this.at(event);
      this.mark(from, from);
    });
    svg.addEventListener('pointermove', (event) => {
      if (from !== null) this.mark(from, this.at(event));
    });
    svg.addEventListener('pointerup', (event) => {
      if (from === null) return;
      const [first, last] = ordered(from, this.at(event));
      from = null;
      this.choose(`${this.months[first]}-01`, lastDay(this.months[last]));
    });
    svg.addEventListener('pointercancel', () => {
      from = null;
      this.markPeriod(this.period ?? {});
    });
  }

  // The bar under the pointer, the nearest where it has left the bars.
  at({clientX}) {
    const {left, width} = this.svg.getBoundingClientRect();
    const place = Math.floor(((clientX - left) / width) * this.months.length);
    return Math.max(0, Math.min(this.months.length - 1, place));
  }

  mark(a, b) {
    const [first, last] = ordered(a, b);
    [...this.svg.children].forEach((bar, i) => bar.classList.toggle('month-inside', i >= first && i <= last));
  }

  markPeriod({since, until}) {
    this.period = {since, until};
    [...this.svg.children].forEach((bar, i) => {
      const month = this.months[i];
      const inside = (!since || since <= lastDay(month)) && (!until || `${month}-01` <= until);
      bar.classList.toggle('month-inside', inside);
    });
  }

  // The months that were there stay, so that the bars do not move under the pointer.
  show(counts) {
    const known = [...new Set([...this.months, ...Object.keys(counts)])].sort();
    this.months = known;
    const most = Math.max(1, ...Object.values(counts));
    const bars = known.map((month, i) => {
      const number = counts[month] ?? 0;
      const bar = document.createElementNS(NS, 'rect');
      const tall = (number / most) * TALLEST;
      const shape = {x: i * WIDE + 0.6, y: HEIGHT - tall, width: WIDE - 1.2, height: tall, class: 'month'};
      for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, value);
      bar.dataset.month = month;
      const title = document.createElementNS(NS, 'title');
      title.textContent = `${monthName(month)}: ${whole(number)}`;
      bar.append(title);
      return bar;
    });
    this.svg.setAttribute('viewBox', `0 0 ${known.length * WIDE} ${HEIGHT}`);
    this.svg.replaceChildren(...bars);
    const ends = known.length ? [known[0], known[known.length - 1]].map(monthName) : [say('noMonths')];
    this.ends.replaceChildren(...ends.map((text) => element('span', {text})));
    this.markPeriod(this.period ?? {});
  }
}

const ordered = (a, b) => (a <= b ? [a, b] : [b, a]);

export const lastDay = (month) => {
  const [year, number] = month.split('-').map(Number);
  return `${month}-${new Date(Date.UTC(year, number, 0)).getUTCDate()}`;
};

export const monthName = (month) =>
  new Intl.DateTimeFormat(language(), {month: 'long', year: 'numeric', timeZone: 'UTC'}).format(new Date(`${month}-01T00:00Z`));
