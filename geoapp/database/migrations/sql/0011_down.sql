DROP TRIGGER noted ON sign_in_count;
DROP FUNCTION note_before_it_goes();
DROP FUNCTION note_sign_ins();
DROP FUNCTION note_refused(sign_in_count);
ALTER TABLE sign_in_count DROP COLUMN noted;
