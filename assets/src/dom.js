// Page elements made from plain values: text is always set as text, never parsed as HTML.

export function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  const {text, on = {}, data = {}, ...attributes} = options;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries(data)) node.dataset[name] = value;
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  node.append(...children.filter(Boolean));
  return node;
}

// Leaflet takes attributions as HTML; ours are plain text.
export function escaped(text) {
  return element('span', {text}).innerHTML.replaceAll('"', '&quot;');
}

// More than two device pixels a CSS pixel cost four times the memory and are not seen.
export const pixelRatio = () => Math.min(window.devicePixelRatio || 1, 2);

// A canvas of `width` by `height` CSS pixels that is crisp on this screen, with its context scaled to CSS pixels.
export function crispCanvas(canvas, width, height, ratio = pixelRatio()) {
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
  return context;
}
