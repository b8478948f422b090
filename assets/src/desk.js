// The desk: files that are dragged onto the form, and work under way that is looked at again until it is over.

const AGAIN_MS = 1200;
const MIB = 1024 * 1024;

// A page's main part alone: the styles of its head would be refused here, where another nonce holds.
const mainOf = (text) => new DOMParser().parseFromString(text.slice(text.indexOf('<main')), 'text/html');

for (const form of document.querySelectorAll('[data-drop]')) {
  const input = form.querySelector('input[type="file"]');
  const said = form.querySelector('[data-drop-said]');

  const tell = () => {
    const files = [...input.files];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const large = size > Number(form.dataset.most) * MIB;
    input.setCustomValidity(large ? form.dataset.tooLarge : '');
    said.textContent = large ? form.dataset.tooLarge : files.map((file) => file.name).join(', ');
    said.classList.toggle('fault', large);
  };

  input.addEventListener('change', tell);
  for (const name of ['dragenter', 'dragover']) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add('is-over');
    });
  }
  for (const name of ['dragleave', 'drop']) form.addEventListener(name, () => form.classList.remove('is-over'));
  form.addEventListener('drop', (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    tell();
    if (input.checkValidity()) form.requestSubmit();
  });

  // Sent from here, a lost connection leaves the page, and the chosen files, where they are.
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    said.classList.remove('fault');
    said.textContent = form.dataset.sending;
    try {
      const answer = await fetch(form.action, {method: 'POST', body: new FormData(form), credentials: 'same-origin'});
      if (answer.redirected) {
        location.assign(answer.url);
        return;
      }
      const page = mainOf(await answer.text());
      const fault = page.querySelector('[role="alert"]') ?? page.querySelector('.message p:not(.message-code)');
      said.textContent = fault ? fault.textContent.trim() : form.dataset.lost;
      said.classList.add('fault');
    } catch {
      said.textContent = form.dataset.lost;
      said.classList.add('fault');
    }
    button.disabled = false;
  });
}

const RUNNING = ['waiting', 'running', 'stale'];
const live = () => [...document.querySelectorAll('[data-live]')];

// Parts that are under way are fetched again; once one is over the page is, with all that follows from it.
async function look() {
  try {
    const answer = await fetch(location.href, {credentials: 'same-origin', headers: {Accept: 'text/html'}});
    if (!answer.ok) throw new Error(String(answer.status));
    const page = mainOf(await answer.text());
    const fresh = [...page.querySelectorAll('[data-live]')];
    const old = live();
    const over = fresh.length !== old.length || fresh.some((part, place) => part.dataset.of !== old[place].dataset.of
      || (!RUNNING.includes(part.dataset.live) && RUNNING.includes(old[place].dataset.live)));
    if (over) {
      location.reload();
      return;
    }
    fresh.forEach((part, place) => old[place].replaceWith(document.adoptNode(part)));
  } catch {
    // A server that restarts is asked again.
  }
  setTimeout(look, AGAIN_MS);
}

if (live().some((part) => RUNNING.includes(part.dataset.live))) setTimeout(look, AGAIN_MS);
