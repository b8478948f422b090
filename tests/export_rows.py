"""Rows of every layer for the tests of exports: every way of being placed, and texts that formats stumble over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from geoapp.publish.exports.export import Export, export
from geoapp.publish.features import MOST, Question
from layers.catalogue import LAYERS
from layers.filter import Filter

# The table by whose name an import takes each layer, and where its rows are.
TABLES = {
    "incidents": ("incidents", "incident"),
    "deployments": ("deployments", "deployment"),
    "mine_sites": ("mine_sites", "mine_site"),
    "checkpoints": ("checkpoints", "checkpoint"),
    "facilities": ("facilities", "facility"),
    "routes": ("routes", "route"),
    "trainings": ("trainings", "training"),
    "provinces": ("boundaries", "admin_unit"),
    "countries": ("boundaries", "admin_unit"),
}
FORMULAS = ("=cmd|' /C calc'!A1", "+243 97", "-1+2", "@SUM(A1)", "'=already", "-5", "plain; with / separators")
ROWS = """
    INSERT INTO source (source_id, name, licence) VALUES ('ipis', 'IPIS', 'CC BY 4.0'), ('itsci', 'ITSCI', NULL);
    INSERT INTO mine_site (site_id, name, name_alt, minerals, operator_name, workers_est, geom, source_id, synthetic)
    VALUES ('S1', 'Bisié', '{"Bisie, la grande",Bisiye}', '{cassiterite,gold}', 'secret', 40,
            'SRID=4326;POINT(28.900000000000006 -1.6123456789012345)', 'ipis', false),
           ('S2', 'Mine de l''Été n° 2', '{}', '{}', NULL, NULL,
            'SRID=4326;POINT(29.3 0.123456789012345678)', NULL, true);
    INSERT INTO facility (facility_id, kind, name, geom)
    VALUES ('F1', 'depot', 'Dépôt', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO checkpoint (checkpoint_id, lawful, name, first_seen, geom)
    VALUES ('C1', 'no', 'Barrière', '2024-02-29', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO training (training_id, topic, held_on, place_text, participants_by_group, geom)
    VALUES ('T1', 'other', '2024-05-02', 'Bukavu', '{"other": {"total": 6, "women": 2}}',
            'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO route (route_id, name, geom)
    VALUES ('R1', 'a', 'SRID=4326;MULTILINESTRING((28.84 -2.50, 28.86 -2.52), (28.9 -2.6, 28.95 -2.65))');
    INSERT INTO deployment (deployment_id, force, valid_from, route_ref)
    SELECT 'D1', 'police', '2020-01-01', id FROM route;
    INSERT INTO deployment (deployment_id, force, valid_from, strength, armed, geom)
    VALUES ('D2', 'army', '2020-01-01', 12, 'long_arm', 'SRID=4326;POINT(28.84 -2.50)'),
           ('D3', 'army', '2020-01-01', NULL, NULL, 'SRID=4326;LINESTRING(28.84 -2.50, 28.85 -2.51)');
    INSERT INTO deployment (deployment_id, force, valid_from, site_id)
    VALUES ('D4', 'private_company', '2020-01-01', 'S1');
    INSERT INTO deployment (deployment_id, force, valid_from, facility_ref)
    SELECT 'D5', 'army', '2020-01-01', id FROM facility;
    INSERT INTO incident (incident_no, occurred_from, level, category, killed, place_text, summary_fr, geom, source_id)
    VALUES ('A-1', '2025-03-01', 1, 'violence', 2, 'Nzibira', 'Deux morts.\n« Vu » à 5 km',
            'SRID=4326;POINT(28.7 -2.3)', 'ipis'),
           ('A-1', '2025-04-01', NULL, NULL, NULL, 'Bisié', NULL, 'SRID=4326;POINT(28.9 -1.6)', 'itsci'),
           (NULL, '2025-05-01', 3, 'smuggling', 0, NULL, 'sans numéro',
            'SRID=4326;POINT(28.71 0.33333333333333331)', NULL);
"""


def insert_rows(engine: Engine) -> None:
    """Insert rows into every layer, sealed incidents among them."""
    with engine.begin() as connection:
        connection.execute(text(ROWS.replace(":", "\\:")))
        for number, formula in enumerate(FORMULAS):
            values = {"no": f"F-{number}", "text": formula, "lon": 28.5 + number / 7}
            connection.execute(
                text(
                    "INSERT INTO incident (incident_no, occurred_from, level, place_text, summary_en, geom) VALUES"
                    " (:no, '2025-06-01', 2, :text, :text, ST_Point(:lon, -2.5, 4326))"
                ),
                values,
            )
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, sealed, geom)"
                " VALUES ('SEALED-1', '2025-06-01', true, 'SRID=4326;POINT(28.7 -2.3)')"
            )
        )


def write_export(engine: Engine, name: str, target: Path, language: str = "en", **chosen: str) -> Export:
    """Export a layer with the rights that `engine` acts with."""
    question = Question(MOST, Filter.parse(chosen))
    with engine.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
        return export(connection, LAYERS[name], question, target, language=language)


def contents(engine: Engine, table: str) -> list[Any]:
    """All rows of a table, with every column."""
    with engine.connect() as connection:
        return list(connection.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")))
