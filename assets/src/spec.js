// What a page leaves out of a layer, its rules and labels, since it is so by default (layers/element.py, layers/symbol.py).

const LAYER = {
  attribution: null, minZoom: 0, tileSize: 512, labels: [], interactive: true, visible: true, key: null, detail: null,
  tip: null, filters: [], note: null, first: false, group: null, told: null,
  within: null,
};
const RULE = {title: null, when: {}, sublayer: null, minZoom: 0, maxZoom: 24};
const LABEL = {
  size: 12, color: '#333333', halo: '#ffffff', minZoom: 0, sublayer: null, rankProperty: null, zoomByRank: [],
  italic: false, bold: false, uppercase: false,
};
const SYMBOLS = {
  marker: {stroke: '#ffffff', stroke_width: 1.25},
  stroke: {dash: [], casing: null},
  fill: {opacity: 1, stroke: null, stroke_width: 1, dash: [], hatch: null},
};

export function completed(spec) {
  const layer = {...LAYER, pattern: spec.url, ...spec};
  return {
    atFirst: layer.visible,
    ...layer,
    rules: layer.rules.map((rule) => ({...RULE, ...rule, symbol: {...SYMBOLS[rule.symbol.kind], ...rule.symbol}})),
    labels: layer.labels.map((label) => ({...LABEL, ...label})),
  };
}
