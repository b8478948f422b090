-- What an import remembers.

ALTER TABLE import_batch ADD COLUMN source_date DATE, ADD COLUMN licence TEXT;
-- The scale of another tracker, kept as it is: it is never a level.
ALTER TABLE incident ADD COLUMN source_rating TEXT;
-- All that a source says of a site, so that a value which another source wins over is not lost.
ALTER TABLE site_alias ADD COLUMN source_date DATE, ADD COLUMN said JSONB DEFAULT '{}'::jsonb NOT NULL;

CREATE TABLE import_mapping (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    fingerprint TEXT NOT NULL,
    table_name TEXT NOT NULL,
    source_id TEXT,
    columns JSONB NOT NULL,
    confirmed_by TEXT,
    confirmed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_import_mapping PRIMARY KEY (id),
    CONSTRAINT uq_import_mapping_fingerprint_table_name_source_id_confirmed_by
        UNIQUE NULLS NOT DISTINCT (fingerprint, table_name, source_id, confirmed_by),
    CONSTRAINT ck_import_mapping_fingerprint CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_import_mapping_source_id FOREIGN KEY (source_id) REFERENCES source (source_id)
);

CREATE TABLE alias_refusal (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    site_id TEXT NOT NULL,
    other_site_id TEXT NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT pk_alias_refusal PRIMARY KEY (id),
    CONSTRAINT uq_alias_refusal_site_id_other_site_id UNIQUE (site_id, other_site_id),
    CONSTRAINT ck_alias_refusal_two CHECK (site_id < other_site_id),
    CONSTRAINT fk_alias_refusal_site_id FOREIGN KEY (site_id) REFERENCES mine_site (site_id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT fk_alias_refusal_other_site_id FOREIGN KEY (other_site_id) REFERENCES mine_site (site_id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT fk_alias_refusal_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_alias_refusal_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_alias_refusal_other_site_id ON alias_refusal (other_site_id);

CREATE TRIGGER units BEFORE INSERT OR UPDATE ON alias_refusal FOR EACH ROW EXECUTE FUNCTION site_child_units();
CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON alias_refusal FOR EACH ROW EXECUTE FUNCTION signed();

CREATE FUNCTION refusal_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.alias_refusal SET units = NULL WHERE site_id = NEW.site_id;
    RETURN NULL;
END $$;

CREATE TRIGGER refusal_moved AFTER UPDATE ON mine_site FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION refusal_moved();

-- Makes one site of two: whatever refers to `other`, seen or not, refers to `kept` afterwards, and `other` is gone. Rows
-- that the caller may not see follow too, so that its success tells nothing of them.
CREATE FUNCTION merge_site(kept text, other text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    reference record;
    writable CONSTANT integer := (
        SELECT count(*) FROM public.mine_site
         WHERE site_id IN (kept, other) AND (session_user <> 'geoapp_web' OR units && public.viewer_units('gis')));
BEGIN
    IF kept = other OR writable <> 2 THEN
        RAISE EXCEPTION 'not two sites that you may write' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM public.mine_site WHERE site_id IN (kept, other) ORDER BY site_id FOR UPDATE;
    DELETE FROM public.alias_refusal WHERE site_id = least(kept, other) AND other_site_id = greatest(kept, other);
    -- What one of them was told apart from, both are.
    INSERT INTO public.alias_refusal (site_id, other_site_id)
    SELECT least(kept, third), greatest(kept, third)
      FROM (SELECT CASE other WHEN site_id THEN other_site_id ELSE site_id END AS third
              FROM public.alias_refusal WHERE other IN (site_id, other_site_id)) AS told_apart
        ON CONFLICT DO NOTHING;
    DELETE FROM public.alias_refusal WHERE other IN (site_id, other_site_id);
    FOR reference IN
        SELECT referring.conrelid::regclass AS name, attribute.attname AS column
          FROM pg_catalog.pg_constraint AS referring
          JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = referring.conrelid AND attribute.attnum = referring.conkey[1]
         WHERE referring.contype = 'f' AND referring.confrelid = 'public.mine_site'::regclass
    LOOP
        EXECUTE format('UPDATE %s SET %I = $1 WHERE %I = $2', reference.name, reference.column, reference.column)
          USING kept, other;
    END LOOP;
    DELETE FROM public.mine_site WHERE site_id = other;
END $$;

ALTER TABLE import_mapping ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_mapping FORCE ROW LEVEL SECURITY;
ALTER TABLE alias_refusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE alias_refusal FORCE ROW LEVEL SECURITY;

-- A GIS officer's own, and those of the operator, who is nobody by name.
CREATE POLICY read ON import_mapping FOR SELECT USING (
    (SELECT viewer_units('gis')) <> '{}' AND (confirmed_by IS NULL OR confirmed_by = viewer()));
CREATE POLICY add ON import_mapping FOR INSERT WITH CHECK (
    (SELECT viewer_units('gis')) <> '{}' AND confirmed_by = viewer());
CREATE POLICY remove ON import_mapping FOR DELETE USING (
    (SELECT viewer_units('gis')) <> '{}' AND confirmed_by = viewer());

CREATE POLICY read ON alias_refusal FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY add ON alias_refusal FOR INSERT WITH CHECK (units && (SELECT viewer_units('gis')));
CREATE POLICY change ON alias_refusal FOR UPDATE
    USING (units && (SELECT viewer_units('gis'))) WITH CHECK (units && (SELECT viewer_units('gis')));
CREATE POLICY remove ON alias_refusal FOR DELETE USING (units && (SELECT viewer_units('gis')));

REVOKE EXECUTE ON FUNCTION merge_site(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION merge_site(text, text) TO geoapp_web;
GRANT SELECT, INSERT, DELETE ON import_mapping TO geoapp_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON alias_refusal TO geoapp_web;

SELECT audit_writes('import_mapping', 'id');
SELECT audit_writes('alias_refusal', 'id');
