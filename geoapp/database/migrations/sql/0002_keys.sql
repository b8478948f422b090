-- Keys that do not tell of hidden rows.
-- A key that is taken by a row which the writer may not see must not be refused: that would tell that it is there. So every
-- unique key names what decides who sees a row, its units above all: two rows collide only where whoever sees one sees the
-- other. What is not yet to be seen has another date, and a sealed incident collides with nothing. That a key is given
-- once among the rows that somebody does see is for the writer to check, as the import does.

ALTER TABLE site_alias DROP CONSTRAINT uq_site_alias_source_code,
    ADD CONSTRAINT uq_site_alias_source_code_units UNIQUE (source, code, units);
ALTER TABLE facility DROP CONSTRAINT uq_facility_country_facility_id,
    ADD CONSTRAINT uq_facility_facility_id_units UNIQUE (facility_id, units);
ALTER TABLE route DROP CONSTRAINT uq_route_country_route_id,
    ADD CONSTRAINT uq_route_route_id_units UNIQUE (route_id, units);
ALTER TABLE checkpoint DROP CONSTRAINT uq_checkpoint_country_checkpoint_id,
    ADD CONSTRAINT uq_checkpoint_checkpoint_id_units UNIQUE (checkpoint_id, units);
ALTER TABLE training DROP CONSTRAINT uq_training_country_training_id,
    ADD CONSTRAINT uq_training_training_id_units UNIQUE (training_id, units);
ALTER TABLE deployment DROP CONSTRAINT uq_deployment_country_deployment_id,
    ADD CONSTRAINT uq_deployment_deployment_id_units_valid_from UNIQUE (deployment_id, units, valid_from);
ALTER TABLE escort_movement DROP CONSTRAINT uq_escort_movement_country_movement_id,
    ADD CONSTRAINT uq_escort_movement_movement_id_units_arrived_at UNIQUE (movement_id, units, arrived_at);
DROP INDEX uq_incident_incident_no, uq_incident_content_key;
CREATE UNIQUE INDEX uq_incident_incident_no ON incident (COALESCE(source_id, ''::text), incident_no, units)
    WHERE incident_no IS NOT NULL AND NOT sealed;
CREATE UNIQUE INDEX uq_incident_content_key ON incident (COALESCE(source_id, ''::text), content_key, units)
    WHERE incident_no IS NULL AND NOT sealed;
-- All that the policy asks of an incident: whether a release's incident may be seen is found without reading the row.
CREATE INDEX ix_incident_policy ON incident (incident_id) INCLUDE (country, units, sealed, handlers);
