-- What somebody looks at is between them and the server: nobody else sees it, nor does a program by a token of theirs.
CREATE TABLE saved_view (
    view_id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_name TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_saved_view PRIMARY KEY (view_id),
    CONSTRAINT uq_saved_view_user_name_name UNIQUE (user_name, name),
    CONSTRAINT ck_saved_view_name CHECK (length(name) BETWEEN 1 AND 1000),
    CONSTRAINT ck_saved_view_query CHECK (length(query) <= 4000),
    CONSTRAINT fk_saved_view_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);

ALTER TABLE saved_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE saved_view FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON saved_view FOR SELECT USING (viewer_token() IS NULL AND user_name = viewer());
CREATE POLICY add ON saved_view FOR INSERT WITH CHECK (viewer_token() IS NULL AND user_name = viewer());
CREATE POLICY change ON saved_view FOR UPDATE
    USING (viewer_token() IS NULL AND user_name = viewer()) WITH CHECK (viewer_token() IS NULL AND user_name = viewer());
CREATE POLICY remove ON saved_view FOR DELETE USING (viewer_token() IS NULL AND user_name = viewer());
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_view TO geoapp_web;

SELECT audit_writes('saved_view', 'view_id');
