// Turns for work that would block the page: a few milliseconds of it a frame, the rest in the frames after.

const BUDGET = 8;
const waiting = [];
let scheduled = false;

// Does `work` in its turn; the promise takes its answer or its error.
export function inTurn(work) {
  return new Promise((resolve, reject) => {
    waiting.push(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
    schedule();
  });
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    const until = performance.now() + BUDGET;
    do waiting.shift()();
    while (waiting.length && performance.now() < until);
    if (waiting.length) schedule();
  });
}
