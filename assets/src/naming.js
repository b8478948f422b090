// What a feature is called in tips, lists and popups.

import {say, whole} from './strings.js';

export function nameOf({layer, feature}) {
  const {spec} = layer;
  if (feature.cell) return say('cell', {count: whole(feature.properties.count), layer: spec.title});
  const name = spec.tip ? feature.properties[spec.tip] : null;
  return name === undefined || name === null || name === '' ? spec.title : String(name);
}
