"""The branches of the layer tree, in the order of the legend."""

from __future__ import annotations

from layers.text import Text

EVENTS = Text("Events and security", "Événements et sécurité")
PLACES = Text("Places", "Lieux")
TRANSPORT = Text("Transport", "Transport")
GROUND = Text("Boundaries and ground", "Limites et fond")
