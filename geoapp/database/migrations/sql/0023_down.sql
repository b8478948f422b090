-- The marks of older repairs stay: they hold whatever the schema.
DROP TRIGGER refusal_moved ON incident;
DROP TABLE repeat_refusal;
DROP FUNCTION repeat_refusal_units(), repeat_refusal_moved();
