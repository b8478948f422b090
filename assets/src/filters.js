// The form of filters: what is chosen in it, and the counts beside the choices.

import {FILTERS} from './address.js';
import {Choices} from './choices.js';
import {whole} from './strings.js';

const DEFAULT_KM = '5';

export class Filters {
  constructor(form, {address, changed}) {
    this.form = form;
    this.address = address;
    this.timer = null;
    form.addEventListener('change', ({target}) => {
      // A date that is being typed is not one yet.
      if (target.type === 'date' && target.validity.badInput) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(changed, 60);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      changed();
    });
    form.querySelector('[data-clear]').addEventListener('click', (event) => {
      event.preventDefault();
      this.write(() => '');
      changed(Object.fromEntries(FILTERS.map((name) => [name, ''])));
    });
    for (const button of form.querySelectorAll('[data-last]')) {
      button.addEventListener('click', () => {
        this.setPeriod(daysAgo(Number(button.dataset.last)), '');
        changed();
      });
    }
    this.choices = new Choices(form, {
      address,
      filled: (choices) => {
        // Elsewhere something may have been chosen that is not in the address yet.
        this.write((name) => address.get(name), choices.querySelectorAll('input, select'));
        if (this.counts) this.showCounts(this.counts);
      },
    });
  }

  // What is chosen, by parameter; '' where nothing is. A list that was not opened leaves the address as it is.
  read() {
    const data = new FormData(this.form);
    const given = (name) =>
      this.form.elements[name] ? data.getAll(name).filter(Boolean).sort().join(',') : this.address.get(name);
    const chosen = Object.fromEntries(FILTERS.map((name) => [name, given(name)]));
    const {min = 0, max = Infinity} = this.form.elements.within_km ?? {};
    const km = Number(chosen.within_km);
    if (!chosen.route || chosen.within_km === DEFAULT_KM || !(km >= Number(min) && km <= Number(max))) chosen.within_km = '';
    if (chosen.since && chosen.until && chosen.since > chosen.until) {
      [chosen.since, chosen.until] = [chosen.until, chosen.since];
      this.setPeriod(chosen.since, chosen.until);
    }
    return chosen;
  }

  // Fills controls of the form in by what `get` gives of each parameter.
  write(get, controls = this.form.elements) {
    for (const control of controls) {
      if (!FILTERS.includes(control.name)) continue;
      const text = get(control.name);
      if (control.type === 'checkbox') control.checked = text.split(',').includes(control.value);
      else if (control.name === 'within_km') control.value = text || DEFAULT_KM;
      else control.value = text;
    }
    this.badges();
  }

  setPeriod(since, until) {
    if (!this.form.elements.since) return;
    this.form.elements.since.value = since;
    this.form.elements.until.value = until;
  }

  // How many choices are made in each list, so that a closed one tells too.
  badges() {
    const chosen = this.read();
    for (const badge of this.form.querySelectorAll('[data-badge]')) {
      const number = chosen[badge.dataset.badge].split(',').filter(Boolean).length;
      badge.textContent = whole(number);
      badge.hidden = number === 0;
    }
  }

  showCounts(counts) {
    this.counts = counts;
    const {totals, choices} = counts;
    for (const node of this.form.querySelectorAll('[data-total]')) node.textContent = whole(totals[node.dataset.total] ?? 0);
    const most = Object.fromEntries(Object.entries(choices).map(([part, counts]) => [part, highest(part, counts)]));
    for (const node of this.form.querySelectorAll('[data-count]')) {
      const [part, code] = split(node.dataset.count);
      const number = choices[part]?.[code] ?? 0;
      node.textContent = whole(number);
      node.closest('.choice').toggleAttribute('data-none', number === 0);
    }
    for (const bar of this.form.querySelectorAll('[data-share]')) {
      const [part, code] = split(bar.dataset.share);
      const share = (choices[part]?.[code] ?? 0) / (most[part] || 1);
      bar.setAttribute('width', part === 'unit' && !code.includes('-') ? '0%' : `${(100 * share).toFixed(1)}%`);
    }
  }
}

// Bars of provinces are measured by the largest province, not by their country.
const highest = (part, counts) =>
  Math.max(0, ...Object.entries(counts).filter(([code]) => part !== 'unit' || code.includes('-')).map(([, n]) => n));

const split = (name) => [name.slice(0, name.indexOf(':')), name.slice(name.indexOf(':') + 1)];

function daysAgo(days) {
  if (!days) return '';
  const day = new Date();
  day.setDate(day.getDate() - days + 1);
  return isoDay(day);
}

export function isoDay(day) {
  const two = (number) => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
