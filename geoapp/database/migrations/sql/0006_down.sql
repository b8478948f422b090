DROP FUNCTION merge_site(text, text);
DROP TRIGGER refusal_moved ON mine_site;
DROP FUNCTION refusal_moved();
DROP TABLE alias_refusal;
DROP TABLE import_mapping;
ALTER TABLE site_alias DROP COLUMN said, DROP COLUMN source_date;
ALTER TABLE incident DROP COLUMN source_rating;
ALTER TABLE import_batch DROP COLUMN licence, DROP COLUMN source_date;
