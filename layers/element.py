"""The Folium elements of geoapp's own map renderer: a layer of vector tiles, the legend, the scale bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Template
from jinja2.utils import htmlsafe_json_dumps

from layers.symbol import Label, Rule, without
from layers.text import Text

# Not an address to fetch from: the page that shows the map puts its own bundle in this place.
RENDERER = [("geoapp_renderer", "asset:map.js")]
RENDERER_STYLE = [("geoapp_renderer_style", "asset:map.css")]

# What the renderer says by itself; texts in braces are filled in by the browser.
WORDS = {
    "legend": Text("Layers", "Couches"),
    "map": Text(
        "Map. Arrow keys move it, plus and minus zoom, Enter opens what lies in the middle.",
        "Carte. Les flèches la déplacent, plus et moins changent l'échelle, Entrée ouvre ce qui se trouve au centre.",
    ),
    "closer": Text("Zoom in", "Agrandir"),
    "farther": Text("Zoom out", "Réduire"),
    "close": Text("Close", "Fermer"),
    "loading": Text("Loading the map…", "Chargement de la carte…"),
    "failed": Text("Part of the map could not be loaded.", "Une partie de la carte n'a pas pu être chargée."),
    "refused": Text(
        "Part of the map is not open to you. Reload the page, and sign in again if you are asked to.",
        "Une partie de la carte ne vous est pas ouverte. Rechargez la page et, si cela est demandé, reconnectez-vous.",
    ),
    "retry": Text("Try again", "Réessayer"),
    "empty": Text(
        "Nothing to show here. Move the map, zoom out, or switch a layer on.",
        "Rien à montrer ici. Déplacez la carte, réduisez-la ou affichez une couche.",
    ),
    "symbols": Text("Symbols of {layer}", "Symboles de {layer}"),
    "zoomIn": Text("Zoom in to see this layer.", "Agrandissez la carte pour voir cette couche."),
    "bubble": Text(
        "Several together: their number, and the symbol of the most serious",
        "Plusieurs ensemble\u00a0: leur nombre et le symbole du plus grave",
    ),
    "thinned": Text(
        "More here than can be drawn one by one: they are counted. Zoom in to see each.",
        "Trop nombreux ici pour être dessinés un à un\u00a0: ils sont comptés. Agrandissez pour les voir séparément.",
    ),
    "cell": Text("{layer}: {count} here, click to zoom in", "{layer}\u00a0: {count} ici, cliquer pour agrandir"),
    "told": Text("{name}: {told}", "{name}\u00a0: {told}"),
    "choose": Text("{count} records here", "{count} éléments ici"),
    "more": Text(
        "and {count} more: zoom in to tell them apart",
        "et {count} autres\u00a0: agrandissez pour les distinguer",
    ),
    "open": Text("Open", "Ouvrir"),
    "back": Text("Back to the list", "Retour à la liste"),
    "alsoHere": Text("Also here", "Aussi à cet endroit"),
    "synthetic": Text("Synthetic data", "Données synthétiques"),
    "noValue": Text("not known", "non connu"),
    "noMonths": Text("No incident with a date", "Aucun incident daté"),
    "play": Text("Play", "Lire"),
    "pause": Text("Pause", "Pause"),
    "copied": Text("Link copied", "Lien copié"),
    "pictureMade": Text("geoapp, made on {day}", "geoapp, fait le {day}"),
    "viewsFailed": Text(
        "Your views could not be loaded. Check the connection, then try again.",
        "Vos vues n'ont pas pu être chargées. Vérifiez la connexion, puis réessayez.",
    ),
    "countsFailed": Text(
        "The counts could not be loaded. Check the connection, then change a filter again.",
        "Les comptes n'ont pas pu être chargés. Vérifiez la connexion, puis changez de nouveau un filtre.",
    ),
    "choicesLoading": Text("Loading the choices…", "Chargement des choix…"),
    "choicesFailed": Text(
        "The choices could not be loaded. Check the connection, then try again.",
        "Les choix n'ont pas pu être chargés. Vérifiez la connexion, puis réessayez.",
    ),
    "searchNone": Text(
        "Nothing that you may see is called like that.", "Rien de ce que vous pouvez voir ne s'appelle ainsi."
    ),
    "searchFailed": Text("The search did not answer. Try again.", "La recherche n'a pas répondu. Réessayez."),
    "rowsFailed": Text(
        "The table could not be loaded. Check the connection, then try again.",
        "Le tableau n'a pas pu être chargé. Vérifiez la connexion, puis réessayez.",
    ),
    "detailLoading": Text("Loading the details…", "Chargement des détails…"),
    "detailFailed": Text(
        "The details could not be loaded. Check the connection, then try again.",
        "Les détails n'ont pas pu être chargés. Vérifiez la connexion, puis réessayez.",
    ),
    "detailGone": Text(
        "This record is no longer there. Reload the page to see the map as it is now.",
        "Cet élément n'existe plus. Rechargez la page pour voir la carte à jour.",
    ),
    "detailRefused": Text(
        "These details are not open to you. Sign in with an account that may see them.",
        "Ces détails ne vous sont pas ouverts. Connectez-vous avec un compte qui peut les voir.",
    ),
}


# What the renderer (assets/src/spec.js) takes for granted of a layer; its pattern is its address, and at first it is
# shown as it is now.
SPEC: dict[str, Any] = {
    "attribution": None,
    "minZoom": 0,
    "tileSize": 512,
    "labels": [],
    "interactive": True,
    "visible": True,
    "key": None,
    "detail": None,
    "tip": None,
    "filters": [],
    "note": None,
    "first": False,
    "group": None,
    "told": None,
    "within": None,
}


def written(value: Any) -> str:
    """JSON that can stand in a script, as short as it gets."""
    return htmlsafe_json_dumps(value, separators=(",", ":"), ensure_ascii=False)


class VectorTiles(JSCSSMixin, Layer):
    """A map layer that the browser draws from vector tiles, by `rules` and `labels`.

    `url` holds `{z}`, `{x}` and `{y}`; `max_native_zoom` is the highest `{z}` it is asked for, while
    `min_zoom` and the zooms of rules and labels are the map's, which is one higher with tiles of 512 pixels.
    `key` names the property that identifies a feature, `detail` an address with `{key}` that answers with
    what its popup shows, and `tip` the property that names it. `pattern` is the address without a filter, and
    `filters` the query parameters by which it may be filtered; `at_first` says whether it is shown where an address
    does not say. `note` stands under the symbols in the legend, and `group` is the branch of the tree that it
    hangs on. `told` is what the tip says beside a name, by its key. `within` are two corners, outside which no tile is
    asked for. `z_index` orders the layers from below. On a slow link the map is of use once those that are `first` are
    drawn.
    """

    default_js = RENDERER
    default_css = RENDERER_STYLE
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = "
        "geoapp.vectorTiles({{ this.told }}).addTo({{ this._parent.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(
        self,
        name: str,
        *,
        title: Text,
        language: str,
        url: str,
        rules: Sequence[Rule],
        labels: Sequence[Label] = (),
        attribution: str | None = None,
        min_zoom: int = 0,
        max_native_zoom: int = 14,
        tile_size: int = 512,
        z_index: int = 1,
        interactive: bool = True,
        visible: bool = True,
        key: str | None = None,
        detail: str | None = None,
        tip: str | None = None,
        pattern: str | None = None,
        filters: Sequence[str] = (),
        at_first: bool | None = None,
        note: Text | None = None,
        first: bool = False,
        group: Text | None = None,
        told: Mapping[str, str] | None = None,
        within: Sequence[Sequence[float]] | None = None,
    ):
        # The script adds itself to the map, and the legend takes the place of Folium's layer control.
        super().__init__(name=name, overlay=True, control=False, show=False)
        self._name = "VectorTiles"
        self.spec: dict[str, Any] = {
            "name": name,
            "title": title.in_language(language),
            "url": url,
            "attribution": attribution,
            "minZoom": min_zoom,
            "maxNativeZoom": max_native_zoom,
            "tileSize": tile_size,
            "zIndex": z_index,
            "rules": [rule.as_json(language) for rule in rules],
            "labels": [label.as_json(language) for label in labels],
            "interactive": interactive,
            "visible": visible,
            "key": key,
            "detail": detail,
            "tip": tip,
            "pattern": pattern or url,
            "filters": list(filters),
            "atFirst": visible if at_first is None else at_first,
            "note": note.in_language(language) if note else None,
            "first": first,
            "group": group.in_language(language) if group else None,
            "told": dict(told) if told else None,
            "within": within,
        }
        self.told = written(without(self.spec, SPEC | {"pattern": url, "atFirst": visible}))


class Legend(MacroElement):
    """The panel that lists `layers`, with a switch each and their symbols, and gives the map its words.

    To be added to the map after the layers, which must be on it.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = geoapp.legend({{ this._parent.get_name() }}, "
        "[{% for layer in this.layers %}{{ layer.get_name() }}, {% endfor %}], {{ this.options }});"
        "{% endmacro %}"
    )

    def __init__(self, layers: Sequence[VectorTiles], language: str):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Legend"
        self.layers = tuple(layers)
        self.options = written(
            {
                "title": WORDS["legend"].in_language(language),
                "strings": {key: text.in_language(language) for key, text in WORDS.items()},
            }
        )


class Scale(MacroElement):
    """A scale bar in kilometres and metres alone; Folium's own adds miles."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "L.control.scale({imperial: false, maxWidth: 120}).addTo({{ this._parent.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Scale"


class Start(MacroElement):
    """The first view, between two corners in degrees; to be added to the map before its layers.

    Folium's own moves there by and by, and what is asked for meanwhile is lost.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "{{ this._parent.get_name() }}.fitBounds({{ this.corners|tojson }}, {animate: false, reset: true});"
        "{% endmacro %}"
    )

    def __init__(self, corners: list[list[float]]):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.corners = corners


class Workbench(MacroElement):
    """What ties a map to the filters, the table and the tools of its page; to be added after the layers.

    `start` are the corners of the view that an address without one means. `understood` is the query that takes the
    place of an address's which could not be understood as a whole.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "geoapp.workbench({{ this._parent.get_name() }}, "
        "[{% for layer in this.layers %}{{ layer.get_name() }}, {% endfor %}], {{ this.options|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, layers: Sequence[VectorTiles], start: list[list[float]], understood: str | None = None):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Workbench"
        self.layers = tuple(layers)
        self.options = {"start": start, "understood": understood}


class Together(MacroElement):
    """What has two maps of a page show the same place; to be added to the second, with the first as `other`."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "geoapp.together({{ this.other }}, {{ this._parent.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(self, other: folium.Map):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Together"
        self.other = other.get_name()


class StripLink(MacroElement):
    """What ties a map to the strip chart of a route: `steps` are the points of each of its pieces, as [lat, lon]."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "geoapp.strip({{ this._parent.get_name() }}, {{ this.steps|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, steps: Sequence[Sequence[Sequence[float]]]):
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "StripLink"
        self.steps = [[[round(lat, 5), round(lon, 5)] for lat, lon in step] for step in steps]
