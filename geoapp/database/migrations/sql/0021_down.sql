DROP POLICY add ON import_batch;
CREATE POLICY add ON import_batch FOR INSERT WITH CHECK (
    imported_by = viewer() AND (SELECT viewer_units('gis')) <> '{}' AND units <@ (SELECT viewer_units('gis')));

DROP POLICY add ON escort_movement;
DROP POLICY change ON escort_movement;
DROP POLICY remove ON escort_movement;
CREATE POLICY add ON escort_movement FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('gis')) AND arrived_at <= now());
CREATE POLICY change ON escort_movement FOR UPDATE
    USING (units && (SELECT viewer_units('gis')) AND arrived_at <= now())
    WITH CHECK (units && (SELECT viewer_units('gis')) AND arrived_at <= now());
CREATE POLICY remove ON escort_movement FOR DELETE USING (
    units && (SELECT viewer_units('gis')) AND arrived_at <= now());
ALTER TABLE escort_movement DROP CONSTRAINT ck_escort_movement_received_kg_of;

DROP INDEX ix_training_held_on;
DROP TRIGGER kept_change ON training;
DROP TRIGGER kept_removal ON training;
ALTER TABLE training DROP COLUMN participants, DROP COLUMN women;
SELECT keep_changes('training', 'id', '{units,country,geom_3857,length_km,near_magazine,created_at,created_by}');
DROP FUNCTION people_in(jsonb, text);
ALTER TABLE training DROP CONSTRAINT ck_training_participants_by_group;
DROP FUNCTION counts_people(jsonb);
DROP TRIGGER log ON training;

DROP INDEX ix_risk_item_review_on;
DROP TRIGGER link_seen_incidents ON risk_item;
DROP FUNCTION link_seen_incidents();
DROP FUNCTION seen_links(uuid);
GRANT SELECT ON risk_item TO geoapp_web;
DROP TRIGGER kept_change ON risk_item;
DROP TRIGGER kept_removal ON risk_item;
ALTER TABLE risk_item DROP CONSTRAINT ck_risk_item_item;
UPDATE risk_item SET item = risk;
ALTER TABLE risk_item DROP COLUMN risk;
SELECT keep_changes('risk_item', 'id', '{units,country,created_at,created_by}');
