"""The map's layers, in the order of the legend. A new layer is one file, and its name in the list here."""

from __future__ import annotations

from importlib import import_module

from layers.layer import MapLayer

# `name` stands for the layer `NAME` of the file `layers/name.py`.
NAMES = (
    "incidents",
    "deployments",
    "checkpoints",
    "trainings",
    "mine_sites",
    "facilities",
    "routes",
    "network_edges",
    "provinces",
    "countries",
)


def _layer(name: str) -> MapLayer:
    layer: MapLayer = getattr(import_module(f"layers.{name}"), name.upper())
    if layer.name != name:
        raise ValueError(f"layers/{name}.py calls its layer {layer.name}: file and layer bear the same name.")
    return layer


LAYERS: dict[str, MapLayer] = {name: _layer(name) for name in NAMES}
