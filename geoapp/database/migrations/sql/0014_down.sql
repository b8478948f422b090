DROP TRIGGER forget_outlines ON admin_unit;
DROP FUNCTION forget_outlines();
DROP TABLE admin_unit_outline;
