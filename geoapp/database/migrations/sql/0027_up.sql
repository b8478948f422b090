-- The incidents by which a risk is known are rows: the policies of risks and of incidents decide who sees a link, where a
-- column of ids needed a function that repeated them.

CREATE TABLE risk_incident (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    risk_id UUID NOT NULL,
    incident_id UUID NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    CONSTRAINT pk_risk_incident PRIMARY KEY (id),
    CONSTRAINT uq_risk_incident_risk_id_incident_id UNIQUE (risk_id, incident_id),
    CONSTRAINT fk_risk_incident_risk_id FOREIGN KEY (risk_id) REFERENCES risk_item (id) ON DELETE CASCADE,
    CONSTRAINT fk_risk_incident_incident_id FOREIGN KEY (incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE
);
CREATE INDEX ix_risk_incident_incident_id ON risk_incident (incident_id);
INSERT INTO risk_incident (risk_id, incident_id, synthetic, created_at, created_by)
SELECT DISTINCT risk.id, incident.incident_id, risk.synthetic, risk.created_at, risk.created_by
  FROM risk_item AS risk JOIN incident ON incident.incident_id = ANY (risk.incidents);

DROP TRIGGER link_seen_incidents ON risk_item;
DROP FUNCTION link_seen_incidents();
DROP FUNCTION seen_links(uuid);
DROP TRIGGER kept_change ON risk_item;
DROP TRIGGER kept_removal ON risk_item;
ALTER TABLE risk_item DROP COLUMN incidents;
SELECT keep_changes('risk_item', 'id', '{units,country,created_at,created_by}');
GRANT SELECT ON risk_item TO geoapp_web;

CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON risk_incident FOR EACH ROW EXECUTE FUNCTION signed();
ALTER TABLE risk_incident ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_incident FORCE ROW LEVEL SECURITY;

-- It tells that both are there, so it is for those who see both. What others linked stays linked when somebody saves who
-- does not see it.
CREATE POLICY read ON risk_incident FOR SELECT USING (
    EXISTS (SELECT FROM risk_item WHERE risk_item.id = risk_incident.risk_id)
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_incident.incident_id));
CREATE POLICY add ON risk_incident FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM risk_item WHERE risk_item.id = risk_incident.risk_id
               AND risk_item.units && (SELECT viewer_units('coordinator')))
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_incident.incident_id));
CREATE POLICY remove ON risk_incident FOR DELETE USING (
    EXISTS (SELECT FROM risk_item WHERE risk_item.id = risk_incident.risk_id
               AND risk_item.units && (SELECT viewer_units('coordinator')))
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_incident.incident_id));
GRANT SELECT, INSERT (risk_id, incident_id), DELETE ON risk_incident TO geoapp_web;
SELECT audit_writes('risk_incident', 'id');
SELECT keep_changes('risk_incident', 'id', '{created_at,created_by}');
