// The report of an incident: a draft that outlives a lost line, and sending that counts once. The key in the form is what
// the server knows a report by, so that it may be sent as often as it takes.

const page = document.querySelector('[data-report]');
const form = page.querySelector('[data-report-form]');
const said = page.querySelector('[data-said]');
const clear = page.querySelector('[data-clear]');
const shared = 'shared' in page.dataset;
const PREFIX = 'geoapp-report-';
const name = PREFIX + page.dataset.owner;
const WAIT_MS = 30_000;
const AGAIN_MS = 20_000;

// A browser that keeps nothing, or refuses to, still sends.
function room() {
  try {
    return shared ? sessionStorage : localStorage;
  } catch {
    return null;
  }
}
const kept = room();

function tell(text, fault = false) {
  said.hidden = !text;
  said.textContent = text;
  said.classList.toggle('note-fault', fault);
  if (fault) said.scrollIntoView({block: 'center'});
}

function forgetOthers() {
  // What somebody else left here, or what was kept before it was said that others use this computer.
  try {
    for (const each of [localStorage, sessionStorage]) {
      for (const key of Object.keys(each)) {
        if (key.startsWith(PREFIX) && (each !== kept || key !== name)) each.removeItem(key);
      }
    }
  } catch {
    // Nothing is kept here.
  }
}

function forget() {
  try {
    kept?.removeItem(name);
  } catch {
    // Nothing is kept here.
  }
}

function fields() {
  return [...form.elements].filter((each) => each.name && each.name !== 'csrf_token');
}

function keep() {
  const draft = Object.fromEntries(fields().map((each) => [each.name, each.value]));
  try {
    kept?.setItem(name, JSON.stringify(draft));
    clear.hidden = false;
    if (said.hidden) tell(shared ? page.dataset.keptTab : page.dataset.kept);
  } catch {
    // A full store keeps no draft; the form still holds it.
  }
}

function restore() {
  let draft;
  try {
    draft = JSON.parse(kept?.getItem(name) ?? 'null');
  } catch {
    draft = null;
  }
  // What the server sent back with faults is newer than the draft.
  if (!draft || document.querySelector('[role="alert"]')) return;
  for (const each of fields()) if (each.name in draft) each.value = draft[each.name];
  for (const each of form.querySelectorAll('details')) {
    each.open = [...each.querySelectorAll('input')].some((input) => input.value);
  }
  clear.hidden = false;
  tell(`${page.dataset.back} ${shared ? page.dataset.keptTab : page.dataset.kept}`);
}

// A page's main part alone: what stands in its head would be refused here, where another nonce holds.
const mainOf = (text) => new DOMParser().parseFromString(text.slice(text.indexOf('<main')), 'text/html').querySelector('main');

// Who signed in again, in another tab, has another token for forms: it is taken from a fresh page of the same person.
async function renewed() {
  const answer = await fetch(location.href, {credentials: 'same-origin'});
  if (answer.redirected || !answer.ok) return false;
  const fresh = mainOf(await answer.text()).querySelector('[data-report]');
  if (!fresh || fresh.dataset.owner !== page.dataset.owner) return false;
  form.elements.csrf_token.value = fresh.querySelector('[name="csrf_token"]').value;
  return true;
}

function received(main) {
  forget();
  document.querySelector('main').replaceWith(main);
  main.focus();
  window.scrollTo(0, 0);
}

function refused(main) {
  tell('');
  page.querySelector('[role="alert"]')?.remove();
  for (const old of form.querySelectorAll('.fault')) old.remove();
  for (const old of form.querySelectorAll('[aria-invalid]')) old.removeAttribute('aria-invalid');
  for (const fault of main.querySelectorAll('form .fault')) {
    const field = form.elements[fault.id.replace(/-fault$/, '')];
    field?.setAttribute('aria-invalid', 'true');
    field?.setAttribute('aria-describedby', fault.id);
    field?.before(fault);
  }
  const alert = main.querySelector('[role="alert"]');
  if (alert) {
    form.before(alert);
    alert.scrollIntoView();
  }
}

const post = (signal) => fetch(form.action, {
  method: 'POST', body: new FormData(form), credentials: 'same-origin', signal,
});

let sending = false;
let waiting = null;

async function send() {
  if (sending) return;
  sending = true;
  clearTimeout(waiting);
  waiting = null;
  keep();
  tell(page.dataset.sending);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), WAIT_MS);
  try {
    let answer = await post(stop.signal);
    if (answer.status === 403 && await renewed()) answer = await post(stop.signal);
    if (answer.status === 403 || answer.redirected) tell(page.dataset.ended, true);
    else if (answer.ok) received(mainOf(await answer.text()));
    else if (answer.status === 422) refused(mainOf(await answer.text()));
    else lost();
  } catch {
    lost();
  } finally {
    clearTimeout(timer);
    sending = false;
  }
}

function lost() {
  tell(page.dataset.lost, true);
  waiting = setTimeout(send, AGAIN_MS);
}

forgetOthers();
restore();
form.addEventListener('input', keep);
form.addEventListener('change', keep);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
window.addEventListener('online', () => {
  if (waiting !== null) send();
});
clear.addEventListener('click', () => {
  forget();
  clearTimeout(waiting);
  waiting = null;
  form.reset();
  clear.hidden = true;
  tell('');
});
