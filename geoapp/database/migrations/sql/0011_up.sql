-- Attempts that are turned away come too fast to be an event each. The first is one at once; after it the total is one
-- each minute, and before the count goes. So no flood fills the audit, and yet it has every attempt.

ALTER TABLE sign_in_count ADD COLUMN noted INTEGER DEFAULT 0 NOT NULL,
    ADD CONSTRAINT ck_sign_in_count_noted CHECK (noted >= 0);

-- Without a name where nobody has it: it could be a password.
CREATE FUNCTION note_refused(count_of sign_in_count) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    person CONSTANT text := (SELECT user_name FROM public.app_user
                              WHERE encode(sha256(convert_to(user_name, 'UTF8')), 'hex') = count_of.account);
BEGIN
    INSERT INTO public.audit_event (user_name, what, object, after)
    VALUES ('public', 'sign_in_failed',
            concat_ws('/', 'app_user', person) || ' from '
            || CASE WHEN starts_with(count_of.origin, 'browser ') THEN 'a known browser' ELSE count_of.origin END,
            jsonb_build_object('refused', count_of.refused));
END $$;

-- Tells the audit of what it has not been told yet; of how many counts. What an attempt holds at this moment waits for
-- the next minute, so that the two never wait for each other in a circle.
CREATE FUNCTION note_sign_ins() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told integer := 0;
    count_of public.sign_in_count;
BEGIN
    FOR count_of IN
        SELECT * FROM public.sign_in_count WHERE refused > noted AND account <> '' FOR UPDATE SKIP LOCKED LOOP
        PERFORM public.note_refused(count_of);
        UPDATE public.sign_in_count SET noted = refused
         WHERE account = count_of.account AND origin = count_of.origin;
        told := told + 1;
    END LOOP;
    RETURN told;
END $$;

CREATE FUNCTION note_before_it_goes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.note_refused(OLD);
    RETURN OLD;
END $$;
CREATE TRIGGER noted BEFORE DELETE ON sign_in_count FOR EACH ROW
    WHEN (OLD.refused > OLD.noted AND OLD.account <> '') EXECUTE FUNCTION note_before_it_goes();

REVOKE EXECUTE ON FUNCTION note_refused(sign_in_count), note_sign_ins(), note_before_it_goes() FROM PUBLIC;
