// What a feature is called in tips, lists and popups.

import {say, whole} from './strings.js';

export function nameOf({layer, feature}) {
  const {spec} = layer;
  if (feature.cell) return say('cell', {count: whole(feature.properties.count), layer: spec.title});
  const name = spec.tip ? feature.properties[spec.tip] : null;
  const named = name === undefined || name === null || name === '' ? spec.title : String(name);
  const told = spec.told?.[feature.properties[spec.key]];
  return told ? say('told', {name: named, told}) : named;
}
