-- What somebody writes down and watches is between them and the server, as their views of the map are.
CREATE TABLE briefing (
    briefing_id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_name TEXT NOT NULL,
    title TEXT NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_briefing PRIMARY KEY (briefing_id),
    CONSTRAINT uq_briefing_briefing_id_user_name UNIQUE (briefing_id, user_name),
    CONSTRAINT ck_briefing_title CHECK (length(title) BETWEEN 1 AND 1000),
    CONSTRAINT fk_briefing_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_briefing_user_name ON briefing (user_name);

CREATE TABLE briefing_item (
    item_id UUID DEFAULT gen_random_uuid() NOT NULL,
    briefing_id UUID NOT NULL,
    user_name TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    query TEXT DEFAULT '' NOT NULL,
    note TEXT DEFAULT '' NOT NULL,
    shared BOOLEAN DEFAULT false NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_briefing_item PRIMARY KEY (item_id),
    CONSTRAINT ck_briefing_item_kind CHECK (kind = ANY (ARRAY['answer'::text, 'view'::text, 'comparison'::text, 'note'::text])),
    CONSTRAINT ck_briefing_item_title CHECK (length(title) <= 1000),
    CONSTRAINT ck_briefing_item_query CHECK (length(query) <= 200000),
    CONSTRAINT ck_briefing_item_note CHECK (length(note) <= 20000),
    CONSTRAINT fk_briefing_item_briefing_id FOREIGN KEY (briefing_id, user_name)
        REFERENCES briefing (briefing_id, user_name) ON DELETE CASCADE
);
CREATE INDEX ix_briefing_item_briefing_id ON briefing_item (briefing_id);

CREATE TABLE watch (
    watch_id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_name TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Of a site or a route, which may have moved, or be hidden, by the next look.
    row_key TEXT,
    geom geometry(GEOMETRY, 4326),
    km DOUBLE PRECISION NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    -- Rows that were seen then and are of so late that others of their age may have been on their way.
    seen_ids UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    CONSTRAINT pk_watch PRIMARY KEY (watch_id),
    CONSTRAINT ck_watch_name CHECK (length(name) BETWEEN 1 AND 1000),
    CONSTRAINT ck_watch_kind CHECK (kind = ANY (ARRAY['site'::text, 'route'::text, 'line'::text, 'area'::text])),
    CONSTRAINT ck_watch_km CHECK (km BETWEEN 0 AND 50),
    CONSTRAINT fk_watch_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_watch_user_name ON watch (user_name);

-- A feed's token is good for the feed alone.
ALTER TABLE api_token ADD COLUMN purpose TEXT DEFAULT 'api' NOT NULL,
    ADD CONSTRAINT ck_api_token_purpose CHECK (purpose = ANY (ARRAY['api'::text, 'feed'::text]));
GRANT SELECT (purpose), INSERT (purpose) ON api_token TO geoapp_web;

CREATE OR REPLACE FUNCTION find_token(hash text, on_loopback boolean) RETURNS TABLE (user_name text, token_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, token.token_id
      FROM public.api_token AS token JOIN public.app_user AS person USING (user_name)
     WHERE token.token_hash = hash AND token.expires_at > now() AND person.disabled_at IS NULL
       AND (on_loopback OR NOT person.synthetic) AND token.purpose = 'api'
$$;

CREATE FUNCTION find_feed(hash text, on_loopback boolean) RETURNS TABLE (user_name text, token_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, token.token_id
      FROM public.api_token AS token JOIN public.app_user AS person USING (user_name)
     WHERE token.token_hash = hash AND token.expires_at > now() AND person.disabled_at IS NULL
       AND (on_loopback OR NOT person.synthetic) AND token.purpose = 'feed'
$$;

-- Whether the transaction comes with a feed's token.
CREATE FUNCTION viewer_feeds() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.api_token
                    WHERE token_id = nullif(current_setting('geoapp.token', true), '')::uuid AND purpose = 'feed')
$$;
REVOKE EXECUTE ON FUNCTION find_feed(text, boolean), viewer_feeds() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_feed(text, boolean), viewer_feeds() TO geoapp_web;

DO $$
DECLARE
    own CONSTANT text := 'viewer_token() IS NULL AND user_name = viewer()';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['briefing', 'briefing_item', 'watch'] LOOP
        EXECUTE format('ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY read ON %I FOR SELECT USING (%s)', name, own);
        EXECUTE format('CREATE POLICY add ON %I FOR INSERT WITH CHECK (%s)', name, own);
        EXECUTE format('CREATE POLICY change ON %1$I FOR UPDATE USING (%2$s) WITH CHECK (%2$s)', name, own);
        EXECUTE format('CREATE POLICY remove ON %I FOR DELETE USING (%s)', name, own);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO geoapp_web', name);
    END LOOP;
END $$;
ALTER POLICY read ON watch USING (user_name = viewer() AND (viewer_token() IS NULL OR (SELECT viewer_feeds())));

SELECT audit_writes('briefing', 'briefing_id');
SELECT audit_writes('briefing_item', 'item_id');
SELECT audit_writes('watch', 'watch_id');
