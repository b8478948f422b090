-- What each import and edit did to which row, so that it can be told and undone.

ALTER TABLE import_batch
    ADD COLUMN columns TEXT[],
    ADD COLUMN units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    ADD COLUMN private BOOLEAN DEFAULT true NOT NULL,
    ADD COLUMN synthetic BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN undone_by TEXT;

-- The keys of a batch's rows beside their numbers in the file, some thousand a row: one row each would double an import.
CREATE TABLE import_part (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    import_batch_id UUID NOT NULL,
    table_name TEXT NOT NULL,
    deed TEXT NOT NULL,
    keys TEXT[] NOT NULL,
    rows INTEGER[] NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_import_part PRIMARY KEY (id),
    CONSTRAINT ck_import_part_deed CHECK (deed = ANY (ARRAY['insert'::text, 'update'::text, 'unchanged'::text, 'delete'::text])),
    CONSTRAINT ck_import_part_rows CHECK (cardinality(keys) = cardinality(rows)),
    CONSTRAINT fk_import_part_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id) ON DELETE CASCADE
);
CREATE INDEX ix_import_part_import_batch_id ON import_part (import_batch_id);

CREATE TABLE row_change (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    deed TEXT NOT NULL,
    import_batch_id UUID,
    undoing BOOLEAN DEFAULT false NOT NULL,
    before JSONB NOT NULL,
    after JSONB,
    sealed BOOLEAN DEFAULT false NOT NULL,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_row_change PRIMARY KEY (id),
    CONSTRAINT ck_row_change_deed CHECK (deed = ANY (ARRAY['insert'::text, 'update'::text, 'unchanged'::text, 'delete'::text]))
);
CREATE INDEX ix_row_change_import_batch_id ON row_change (import_batch_id);
CREATE INDEX ix_row_change_row ON row_change (table_name, row_key, changed_at);

-- Keeps a row as it was. Arguments: the columns of its key with a slash between, whether it has a geometry, and what the
-- database makes of the other columns.
CREATE FUNCTION keep_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    derived CONSTANT text[] := TG_ARGV[2];
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb;
    was_before jsonb;
    is_after jsonb;
BEGIN
    -- As it is stored: GeoJSON would round it.
    IF TG_ARGV[1] = 'placed' THEN
        old_row := old_row || jsonb_build_object('geom', OLD.geom::text);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        new_row := to_jsonb(NEW);
        IF TG_ARGV[1] = 'placed' THEN
            new_row := new_row || jsonb_build_object('geom', NEW.geom::text);
        END IF;
        SELECT jsonb_object_agg(key, value), jsonb_object_agg(key, new_row -> key) INTO was_before, is_after
          FROM jsonb_each(old_row - derived) WHERE value IS DISTINCT FROM new_row -> key;
        IF was_before IS NULL THEN
            RETURN NULL;
        END IF;
    ELSE
        was_before := old_row - derived;
    END IF;
    INSERT INTO public.row_change (table_name, row_key, deed, import_batch_id, undoing, before, after, sealed, units,
                                   synthetic, changed_by)
    VALUES (TG_TABLE_NAME,
            (SELECT string_agg(old_row ->> part, '/' ORDER BY place)
               FROM unnest(string_to_array(TG_ARGV[0], '/')) WITH ORDINALITY AS each (part, place)),
            lower(TG_OP), nullif(current_setting('geoapp.batch', true), '')::uuid,
            current_setting('geoapp.undoing', true) = 'on' IS TRUE, was_before, is_after,
            coalesce((old_row ->> 'sealed')::boolean, false) OR coalesce((new_row ->> 'sealed')::boolean, false),
            ARRAY(SELECT jsonb_array_elements_text(coalesce(old_row -> 'units', '[]'))),
            coalesce((old_row ->> 'synthetic')::boolean, false), coalesce(public.viewer(), session_user));
    RETURN NULL;
END $$;

-- Has the changes to a table kept. Not those of the operator's loads, but for imports.
CREATE FUNCTION keep_changes(kept regclass, key text, derived text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    names CONSTANT text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = kept AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> ALL (derived));
    placed CONSTANT text := CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = kept AND attname = 'geom')
                                 THEN 'placed' ELSE '' END;
    told CONSTANT text := '(current_setting(''geoapp.bulk'', true) IS DISTINCT FROM ''on'' OR session_user = ''geoapp_web'''
        ' OR coalesce(current_setting(''geoapp.batch'', true), '''') <> '''')';
BEGIN
    EXECUTE format('CREATE TRIGGER kept_change AFTER UPDATE OF %s ON %s FOR EACH ROW WHEN %s'
                   ' EXECUTE FUNCTION keep_change(%L, %L, %L)', names, kept, told, key, placed, derived);
    EXECUTE format('CREATE TRIGGER kept_removal AFTER DELETE ON %s FOR EACH ROW WHEN %s'
                   ' EXECUTE FUNCTION keep_change(%L, %L, %L)', kept, told, key, placed, derived);
END $$;

DO $$
DECLARE
    derived CONSTANT text[] := '{units,country,geom_3857,length_km,near_magazine,created_at,created_by}';
    name text;
BEGIN
    PERFORM keep_changes('mine_site', 'site_id', derived);
    PERFORM keep_changes('incident', 'incident_id', derived);
    PERFORM keep_changes('admin_unit', 'unit_code/valid_from', '{area_km2,geom_3857,created_at,created_by}');
    FOREACH name IN ARRAY ARRAY['site_alias', 'site_visit', 'facility', 'route', 'checkpoint', 'deployment',
                                'escort_movement', 'training'] LOOP
        PERFORM keep_changes(name::regclass, 'id', derived);
    END LOOP;
END $$;

-- === Who reads it =====================================================================================================

-- Whether the viewer sees the row of a key. It runs with the rights of whoever asks.
CREATE FUNCTION row_is_seen(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN CASE name
        WHEN 'mine_site' THEN EXISTS (SELECT FROM public.mine_site WHERE site_id = key)
        WHEN 'incident' THEN EXISTS (SELECT FROM public.incident WHERE incident_id = key::uuid)
        WHEN 'site_alias' THEN EXISTS (SELECT FROM public.site_alias WHERE id = key::uuid)
        WHEN 'site_visit' THEN EXISTS (SELECT FROM public.site_visit WHERE id = key::uuid)
        WHEN 'facility' THEN EXISTS (SELECT FROM public.facility WHERE id = key::uuid)
        WHEN 'route' THEN EXISTS (SELECT FROM public.route WHERE id = key::uuid)
        WHEN 'checkpoint' THEN EXISTS (SELECT FROM public.checkpoint WHERE id = key::uuid)
        WHEN 'deployment' THEN EXISTS (SELECT FROM public.deployment WHERE id = key::uuid)
        WHEN 'escort_movement' THEN EXISTS (SELECT FROM public.escort_movement WHERE id = key::uuid)
        WHEN 'training' THEN EXISTS (SELECT FROM public.training WHERE id = key::uuid)
        ELSE false END;
END $$;

-- Whether there is no row of a key at all: then its last state is for who could see it.
CREATE FUNCTION row_is_gone(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
BEGIN
    RETURN NOT public.row_is_seen(name, key);
END $$;

-- Which batches brought the rows of a batch, itself among them: whoever may see the batch has to know what stays when it is
-- undone. Of the others it tells their ids, columns and days; `lost` are columns in which another source has won.
CREATE FUNCTION brought_beside(batch uuid)
RETURNS TABLE (table_name text, row_key text, import_batch_id uuid, deed text, columns text[], lost text[], source_id text,
               undone boolean, written_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
    WITH mine AS (
        SELECT part.table_name, array_agg(each.row_key) AS keys
          FROM public.import_part AS part CROSS JOIN LATERAL unnest(part.keys) AS each (row_key)
         WHERE part.import_batch_id = batch
           AND EXISTS (SELECT FROM public.import_batch AS own
                        WHERE own.import_batch_id = batch
                          AND (public.viewer() IS NULL AND session_user <> 'geoapp_web'
                               OR own.imported_by = public.viewer()
                               OR NOT own.private AND own.units <> '{}' AND own.units <@ public.viewer_units('gis')))
         GROUP BY part.table_name
    ), losses AS MATERIALIZED (
        SELECT issue.import_batch_id, issue.row, array_agg(issue.column) AS columns
          FROM public.import_issue AS issue WHERE issue.rule = 'other_source_wins' GROUP BY 1, 2
    )
    SELECT part.table_name, each.row_key, part.import_batch_id, part.deed, other.columns,
           (SELECT losses.columns FROM losses
             WHERE losses.import_batch_id = part.import_batch_id AND losses.row = each.row AND part.table_name = 'mine_site'),
           other.source_id, other.undone_at IS NOT NULL, part.written_at
      FROM mine
      JOIN public.import_part AS part USING (table_name)
      JOIN public.import_batch AS other USING (import_batch_id)
     CROSS JOIN LATERAL unnest(part.keys, part.rows) AS each (row_key, row)
     WHERE other.import_batch_id = batch OR each.row_key IN (SELECT unnest(mine.keys))
$$;

ALTER TABLE import_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_part FORCE ROW LEVEL SECURITY;
ALTER TABLE row_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE row_change FORCE ROW LEVEL SECURITY;

-- A batch is its importer's, and of GIS officers of all the units that its importer had, unless something sealed is in it.
DROP POLICY own ON import_batch;
CREATE POLICY read ON import_batch FOR SELECT USING (
    imported_by = viewer()
    OR NOT private AND units <> '{}' AND units <@ (SELECT viewer_units('gis')));
CREATE POLICY add ON import_batch FOR INSERT WITH CHECK (
    imported_by = viewer() AND (SELECT viewer_units('gis')) <> '{}' AND units <@ (SELECT viewer_units('gis')));
CREATE POLICY change ON import_batch FOR UPDATE
    USING ((SELECT viewer_units('gis')) <> '{}' AND (imported_by = viewer()
           OR NOT private AND units <> '{}' AND units <@ (SELECT viewer_units('gis'))))
    WITH CHECK ((SELECT viewer_units('gis')) <> '{}' AND undone_by = viewer());
CREATE POLICY demonstration ON import_batch AS RESTRICTIVE USING ((SELECT viewer_sees_real()) OR synthetic);

CREATE POLICY own ON import_part
    USING (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_part.import_batch_id))
    WITH CHECK (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_part.import_batch_id));

CREATE POLICY read ON row_change FOR SELECT USING (
    units && (SELECT viewer_units('gis'))
    AND (row_is_seen(table_name, row_key) OR deed = 'delete' AND NOT sealed AND row_is_gone(table_name, row_key)));
CREATE POLICY demonstration ON row_change AS RESTRICTIVE USING ((SELECT viewer_sees_real()) OR synthetic);

REVOKE EXECUTE ON FUNCTION keep_change(), keep_changes(regclass, text, text[]), row_is_seen(text, text),
    row_is_gone(text, text), brought_beside(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION row_is_seen(text, text), row_is_gone(text, text), brought_beside(uuid) TO geoapp_web;
GRANT SELECT, INSERT ON import_part TO geoapp_web;
GRANT SELECT ON row_change TO geoapp_web;
GRANT UPDATE (undone_at, undone_by) ON import_batch TO geoapp_web;
