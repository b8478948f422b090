"""A file that somebody brings is on the map, where it belongs."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import geopandas
from browser import GEOAPP, Visit
from importing import write_layer
from pyproj import Transformer
from shapely.geometry import Point

# Eastings and northings in UTM 35S, as a GIS officer's receiver gives them.
SITES = {
    "COD-SK-90001": ("Nyabibwé", 707_300.0, 9_765_400.0),
    "COD-SK-90002": ("Numbi – carrière n° 2", 702_150.5, 9_798_020.25),
}


def zipped_shapefile(folder: Path) -> Path:
    """The sites as a zipped shapefile with French accents in names and columns."""
    frame = geopandas.GeoDataFrame(
        {"site_id": list(SITES), "nom_du_site": [name for name, _, _ in SITES.values()]},
        geometry=[Point(x, y) for _, x, y in SITES.values()],
        crs=32735,
    )
    write_layer(frame, folder / "sites_miniers.shp", encoding="UTF-8")
    archive = folder / "sites.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for part in folder.glob("sites_miniers.*"):
            packed.write(part, f"Données/{part.name}")
    return archive


def test_it_works(visit: Visit, environment: dict[str, str], tmp_path: Path) -> None:
    archive = zipped_shapefile(tmp_path)
    report = tmp_path / "report.json"
    command = [str(GEOAPP), "import", str(archive), "--as", "mine_sites", "--report", str(report)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert json.loads(report.read_text())["rows"]["inserted"] == len(SITES)

    visit.open("/?lang=fr")
    to_degrees = Transformer.from_crs(32735, 4326, always_xy=True)
    for site_id, (name, x, y) in SITES.items():
        lon, lat = to_degrees.transform(x, y)
        visit.look_at(lon, lat, 16)
        # The map's middle is the site's place, to the pixel: at this zoom one is about 2.4 m.
        here = visit.page.evaluate(
            """() => {
                const map = Object.values(geoapp.maps)[0].map;
                const {x, y} = map.getSize().divideBy(2);
                return geoapp.featuresAt(map, [x, y]).filter((each) => each.layer === 'mine_sites');
            }"""
        )
        assert [(each["properties"]["site_id"], each["properties"]["name"]) for each in here] == [(site_id, name)]
    visit.keep("imported-site")
    assert visit.complaints == []

    subprocess.run(command, env=environment, check=True, capture_output=True)
    rows = json.loads(report.read_text())["rows"]
    assert (rows["unchanged"], rows["inserted"], rows["updated"]) == (len(SITES), 0, 0)
