"""A Folium map as parts of a page of ours: no foreign address, and scripts that a strict policy lets run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from markupsafe import Markup, escape

from geoapp.web.assets import asset_url

# The built file that stands for an address which Folium would have the browser load; None where a map of ours
# needs nothing from it.
ADDRESSES: dict[str, str | None] = {
    "asset:map.js": "map.js",
    "asset:map.css": "map.css",
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js": "map.js",
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css": "map.css",
    "https://code.jquery.com/jquery-3.7.1.min.js": None,
    "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js": None,
    "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/css/bootstrap.min.css": None,
    "https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/bootstrap-glyphicons.css": None,
    "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@6.2.0/css/all.min.css": None,
    "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js": None,
    "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css": None,
    "https://cdn.jsdelivr.net/gh/python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css": None,
}

# The name that Folium gives an element of a map: what it is, and the digits of a random number.
NAME = re.compile(r"(?<=_)([0-9a-f]{8})[0-9a-f]{24}$")
# The spaces that Folium's templates stand in; no text of ours or of the data goes over a line.
INDENT = re.compile(r"\n\s+")

# What would end the script element early, or make the browser read on past its end.
SCRIPT_ENDS = re.compile(r"<(?=/script|!--)", re.IGNORECASE)


class UnknownPartError(Exception):
    """A map wants something in the page's head that this module does not know to be safe."""


@dataclass(frozen=True)
class MapParts:
    """A map for a template: what goes into the head, where the map is to be, and at the end of the body."""

    head: Markup
    html: Markup
    script: Markup


def map_parts(
    chart: folium.Map,
    nonce: str,
    asset: Callable[[str], str] = asset_url,
    *,
    loads: bool = True,
    beside: Sequence[folium.Map] = (),
) -> MapParts:
    """Render `chart`; `nonce` is the word of the page's policy, `asset` gives the address of a built file.
    A page's second map `loads` no file again; `beside` are maps whose names it may say.

    Raises `UnknownPartError` where the map would load an address that is not in `ADDRESSES`, or where
    anything but the map itself brings a style or a script into the head.
    """
    figure = chart.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("the map has no figure of its own to be rendered in")
    figure.render()
    names = {name: short for each in (chart, *beside) for name, short in _names(each).items()}
    files: dict[str, None] = {}
    inline = []
    for name, child in figure.header._children.items():
        if isinstance(child, JavascriptLink | CssLink):
            if (file := _file(child.url)) is not None:
                files[file] = None
        elif name == chart.get_name():
            inline.append(_lighter(_blessed(child.render(), nonce), names))
        elif name != "meta_http":
            # Another element's part could hold a text from the data, and with it a tag that is not its own.
            raise UnknownPartError(f"the map would bring {name} into the page's head")
    urls = {file: escape(asset(file)) for file in files}
    if not loads:
        urls = {}
    styles = [f'<link rel="stylesheet" href="{url}">' for file, url in urls.items() if file.endswith(".css")]
    scripts = [f'<script src="{url}"></script>' for file, url in urls.items() if file.endswith(".js")]
    script = SCRIPT_ENDS.sub(r"<\\", _lighter(figure.script.render(), names))
    # Everything here was made by Folium's and our own templates, or taken apart above.
    return MapParts(
        head=Markup("\n".join([*styles, *inline])),  # noqa: S704
        html=Markup(_lighter(figure.html.render(), names)),  # noqa: S704
        script=Markup("\n".join([*scripts, f'<script nonce="{escape(nonce)}">{script}</script>'])),  # noqa: S704
    )


def _names(element: Element) -> dict[str, str]:
    """The names of an element and of all in it, each with a shorter one."""
    name = element.get_name()
    found = {name: NAME.sub(r"\1", name)}
    for child in element._children.values():
        found |= _names(child)
    return found


def _lighter(text: str, names: dict[str, str]) -> str:
    """What Folium made, with shorter names and without its indents, which were several kB of a page."""
    for name, short in names.items():
        text = text.replace(name, short)
    return INDENT.sub("\n", text)


def _file(address: str) -> str | None:
    if address not in ADDRESSES:
        raise UnknownPartError(f"the map would load {address}: name a file of ours for it in ADDRESSES")
    return ADDRESSES[address]


def _blessed(html: str, nonce: str) -> str:
    """The styles and scripts in the part of the head that Folium made of the map, each with the nonce."""
    reader = _HeadReader(nonce)
    reader.feed(html)
    reader.close()
    return "".join(reader.out)


class _HeadReader(HTMLParser):
    """Keeps what a browser would read as an inline style or script; refuses every other tag but a `meta`.

    Folium's `meta` forbids readers to enlarge the page, so ours stands instead.
    """

    def __init__(self, nonce: str):
        super().__init__(convert_charrefs=False)
        self.nonce = nonce
        self.out: list[str] = []
        self.inside: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            return
        if tag not in {"style", "script"} or attributes:
            raise UnknownPartError(f"the map would bring {self.get_starttag_text()} into the page's head")
        self.inside = tag
        self.out.append(f'<{tag} nonce="{escape(self.nonce)}">')

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        # To a browser the slash means nothing here: a script goes on until its end tag.
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag != self.inside:
            raise UnknownPartError(f"the map would bring a stray </{tag}> into the page's head")
        self.inside = None
        self.out.append(f"</{tag}>\n")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.out.append(data)
        elif data.strip():
            raise UnknownPartError(f"the map would bring {data.strip()!r} into the page's head")
