"""The mark of what a viewer takes out of geoapp on paper or as a picture: whom it is for."""

from __future__ import annotations

from geoapp.access.viewer import Viewer
from layers.text import Text

PUBLIC = Text("Public", "Public")
COMMITTEE = Text("For the committee only", "Réservé au comité")
RESTRICTED = Text("Restricted", "Diffusion restreinte")


def mark_of(viewer: Viewer) -> Text:
    """The mark of what the viewer may see."""
    if viewer.has("coordinator", "analyst", "gis"):
        return RESTRICTED
    return COMMITTEE if viewer.has("committee") else PUBLIC
