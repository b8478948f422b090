// What a page's script sees of the renderer: `L`, as Folium's templates expect it, and `geoapp`.

import L from 'leaflet';
import {faceOf, maps} from './face.js';
import {drawnFeatures, hitsAt} from './hit.js';
import {VectorTiles} from './layer.js';
import {legend} from './legend.js';
import {strip} from './strip.js';
import {together} from './together.js';
import {workbench} from './workbench.js';

window.L = L;
window.geoapp = {
  maps,
  legend,
  workbench,
  strip,
  together,
  vectorTiles: (spec) => new VectorTiles(spec),

  // The features at a point of the map's container, the topmost first, as {layer, properties}.
  featuresAt: (map, containerPoint) =>
    hitsAt(map, faceOf(map).layers, L.point(containerPoint)).map(({layer, feature}) => ({
      layer: layer.name,
      properties: {...feature.properties},
    })),

  // How many features of each layer are drawn in the map's view.
  drawn: (map) => Object.fromEntries(faceOf(map).layers.map((layer) => [layer.name, drawnFeatures(layer).length])),
};
