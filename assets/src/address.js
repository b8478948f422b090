// The state of the page in its address: what is chosen, where the map looks, and what the table shows.

// The parameters that choose rows; the others say how they are looked at.
export const FILTERS = [
  'since', 'until', 'level', 'category', 'status', 'unit', 'actor_kind', 'mineral', 'icglr_status', 'force', 'function',
  'route', 'within_km', 'quality', 'source',
];

// An answer is an address itself, so that commas do not part one from the next.
const SEVERAL = 'ask';

export class Address {
  constructor() {
    this.listeners = [];
    this.read();
    window.addEventListener('popstate', () => {
      this.read();
      for (const listener of this.listeners) listener();
    });
  }

  read() {
    this.params = new URLSearchParams(location.search);
  }

  // A list may be written as one parameter or, by a plain form, as several.
  get(name) {
    return this.params.getAll(name).filter(Boolean).join(',');
  }

  // The values of a parameter that may be there several times, such as the open answers.
  list(name) {
    return this.params.getAll(name).filter(Boolean);
  }

  // Sets parameters, an empty one being taken away; `push` makes a new entry of the history.
  set(changes, {push = false} = {}) {
    const before = this.params.toString();
    for (const [name, value] of Object.entries(changes)) {
      if (Array.isArray(value)) {
        this.params.delete(name);
        for (const each of value) this.params.append(name, each);
      } else if (value === '' || value === null || value === undefined) this.params.delete(name);
      else this.params.set(name, value);
    }
    if (this.params.toString() !== before) this.write(push ? 'pushState' : 'replaceState');
  }

  // Takes another query for the whole state.
  replace(query) {
    this.params = new URLSearchParams(query);
    this.write('replaceState');
  }

  write(how) {
    const query = written(this.params);
    history[how](null, '', `${location.pathname}${query ? `?${query}` : ''}`);
    for (const link of document.querySelectorAll('a[data-language]')) {
      link.href = `?${written(withOne(this.params, 'lang', link.dataset.language))}`;
    }
  }

  onReturn(listener) {
    this.listeners.push(listener);
  }

  // The query of another address with some of the parameters.
  query(names, more = {}) {
    const query = new URLSearchParams();
    for (const name of names) {
      if (name === SEVERAL) for (const each of this.list(name)) query.append(name, each);
      else if (this.get(name)) query.set(name, this.get(name));
    }
    for (const [name, value] of Object.entries(more)) if (value) query.set(name, value);
    return written(query);
  }
}

function withOne(params, name, value) {
  const copy = new URLSearchParams(params);
  copy.set(name, value);
  return copy;
}

// These may stand in a query as they are, which keeps a shared link readable.
const PLAIN = {'%2C': ',', '%2F': '/', '%3A': ':', '%3B': ';', '%3D': '=', '%3F': '?'};
const written = (params) => params.toString().replace(/%(2C|2F|3A|3B|3D|3F)/g, (code) => PLAIN[code]);
