// The words of the interface: they come from the server in the viewer's language, and are filled in here.

const words = new Map();

export const language = () => document.documentElement.lang || 'en';

export function learn(strings) {
  for (const [key, text] of Object.entries(strings ?? {})) words.set(key, String(text));
}

export function say(key, values = {}) {
  return (words.get(key) ?? key).replace(/\{(\w+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole));
}

export const whole = (number) => new Intl.NumberFormat(language()).format(number);

// At most four characters, so that a number fits into a bubble: 980, 1.2k, 12k, 3.4M.
export function brief(number) {
  if (number < 1000) return String(number);
  const [unit, sign] = number < 999_500 ? [1e3, 'k'] : [1e6, 'M'];
  const value = number / unit;
  const digits = value < 9.95 ? 1 : 0;
  return new Intl.NumberFormat(language(), {maximumFractionDigits: digits, useGrouping: false}).format(value) + sign;
}
