// Two maps that show the same place: what moves one moves the other, and the address holds where they look. Each is
// called by its section's name.

export function together(one, other) {
  let leading = null;
  const follow = (from, to) => () => {
    if (leading !== null && leading !== from) return;
    leading = from;
    to.setView(from.getCenter(), from.getZoom(), {animate: false});
    leading = null;
  };
  one.on('move', follow(one, other));
  other.on('move', follow(other, one));
  for (const container of [one.getContainer(), other.getContainer()]) {
    const name = container.closest('section').getAttribute('aria-label');
    for (const part of [container, ...container.querySelectorAll('[data-legend]')]) {
      part.setAttribute('aria-label', `${name}: ${part.getAttribute('aria-label')}`);
    }
  }
  one.on('moveend', () => {
    const {lat, lng} = one.getCenter();
    const at = `${Number(one.getZoom().toFixed(2))}/${lat.toFixed(4)}/${lng.toFixed(4)}`;
    const address = new URL(window.location.href);
    address.searchParams.set('at', at);
    window.history.replaceState(null, '', address);
    for (const link of document.querySelectorAll('[data-with-place]')) {
      const target = new URL(link.href);
      if (target.searchParams.has('comparison')) {
        const kept = new URLSearchParams(target.searchParams.get('comparison'));
        kept.set('at', at);
        target.searchParams.set('comparison', kept.toString());
      } else target.searchParams.set('at', at);
      link.href = target;
    }
    for (const input of document.querySelectorAll('input[name="at"]')) input.value = at;
  });
}
