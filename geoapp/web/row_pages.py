"""Where a row of a layer can be read: its own page, or its place on the map."""

from __future__ import annotations

from flask import Flask, g, url_for

from geoapp.publish.listing import Item

# The layers whose rows have a page of their own.
PAGES = {
    "incidents": "incidents.page",
    "mine_sites": "places.site",
    "routes": "places.route",
    "deployments": "places.deployment",
    "facilities": "places.facility",
    "trainings": "trainings.one",
    "movements": "movements.one",
}


def init_app(app: Flask) -> None:
    """Give the templates the addresses of rows."""
    app.context_processor(lambda: {"row_href": row_href})


def page_of(layer: str, key: str) -> str | None:
    """The address of a row's page; None where its layer has none."""
    return url_for(PAGES[layer], key=key, lang=g.language) if layer in PAGES else None


def row_href(layer: str, item: Item) -> str:
    """Where the table sends a reader."""
    page = page_of(layer, item.key)
    if page is not None:
        return page
    at = f"13/{item.lat:.5f}/{item.lon:.5f}" if item.lat is not None else None
    return url_for("map.page", at=at, open=f"{layer}:{item.key}", lang=g.language)
