// The room view on a projector: one screen at a time, by arrow keys, by the buttons, or by the wheel of a presenter.

const root = document.documentElement;
const screens = [...document.querySelectorAll('[data-screen]')];
const steps = document.querySelector('[data-steps]');
const at = steps.querySelector('[data-at]');
const back = steps.querySelector('[data-back]');
const on = steps.querySelector('[data-on]');
const languages = document.querySelectorAll('[data-language]');
const home = [...languages].map((each) => each.getAttribute('href'));
// A full screen is set smaller, down to what the back of a room still reads; what is longer yet is scrolled.
const SMALLEST = 0.72;
let shown = -1;

function show(number, focus = true) {
  const next = Math.min(Math.max(number, 0), screens.length - 1);
  if (next === shown) return;
  shown = next;
  screens.forEach((each, place) => each.classList.toggle('is-shown', place === shown));
  at.textContent = `${shown + 1} / ${screens.length}`;
  back.disabled = shown === 0;
  on.disabled = shown === screens.length - 1;
  history.replaceState(null, '', `#${screens[shown].id}`);
  languages.forEach((each, place) => each.setAttribute('href', `${home[place]}#${screens[shown].id}`));
  fit();
  window.scrollTo(0, 0);
  if (focus) screens[shown].focus({preventScroll: true});
}

function fit() {
  for (let size = 1; size >= SMALLEST; size -= 0.04) {
    root.style.setProperty('--fit', size.toFixed(2));
    if (root.scrollHeight <= root.clientHeight) return;
  }
}

const named = () => screens.findIndex((each) => `#${each.id}` === location.hash);
const room = () => root.scrollHeight - root.clientHeight - root.scrollTop;

// A screen that is longer than the wall is read to its end first.
const STEPS = {
  ArrowRight: () => show(shown + 1),
  ArrowLeft: () => show(shown - 1),
  PageDown: () => show(shown + 1),
  PageUp: () => show(shown - 1),
  Home: () => show(0),
  End: () => show(screens.length - 1),
  ArrowDown: () => (room() > 1 ? null : show(shown + 1)),
  ArrowUp: () => (root.scrollTop > 1 ? null : show(shown - 1)),
};

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const step = STEPS[event.key];
  if (!step) return;
  const before = shown;
  step();
  if (shown !== before || !/^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
});
back.addEventListener('click', () => show(shown - 1, false));
on.addEventListener('click', () => show(shown + 1, false));
window.addEventListener('resize', fit);
window.addEventListener('hashchange', () => show(named()));

root.classList.add('is-stepped');
steps.hidden = false;
show(Math.max(named(), 0), false);
