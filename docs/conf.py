"""How the manual is made of `docs/`: Sphinx, Markdown, and a theme that asks no other host for anything."""

from __future__ import annotations

from geoapp import __version__

project = "geoapp"
author = "the authors of geoapp"
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
# A page's own time and copyright would make two builds of one commit differ.
html_show_copyright = False
html_theme = "furo"
html_title = f"geoapp {__version__}"
html_copy_source = False
html_show_sphinx = False
# Addresses of examples need no colours of a language.
highlight_language = "text"
suppress_warnings = ["myst.header"]
