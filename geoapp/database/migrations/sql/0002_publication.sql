-- The published edition.
-- The only figures about incidents that the public has; docs/publication.md says why they give nothing back.

CREATE TABLE published_edition (
    edition_id SERIAL NOT NULL,
    quarter DATE NOT NULL,
    number INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    synthetic BOOLEAN NOT NULL,
    CONSTRAINT pk_published_edition PRIMARY KEY (edition_id),
    CONSTRAINT uq_published_edition_quarter_synthetic_number UNIQUE (quarter, synthetic, number),
    CONSTRAINT ck_published_edition_quarter CHECK (quarter = date_trunc('quarter', quarter)::date),
    CONSTRAINT ck_published_edition_number CHECK (number >= 1)
);

CREATE TABLE published_cell (
    edition_id INTEGER NOT NULL,
    unit_code TEXT NOT NULL,
    level TEXT NOT NULL,
    incidents INTEGER,
    CONSTRAINT pk_published_cell PRIMARY KEY (edition_id, unit_code, level),
    CONSTRAINT ck_published_cell_level CHECK (level = ANY (ARRAY['1'::text, '2'::text, '3'::text, 'unknown'::text])),
    CONSTRAINT ck_published_cell_incidents CHECK (incidents >= 3),
    CONSTRAINT fk_published_cell_edition_id FOREIGN KEY (edition_id)
        REFERENCES published_edition (edition_id) ON DELETE CASCADE
);

-- The first day on which a quarter may be published: 60 days after its last one.
CREATE FUNCTION published_from(quarter date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (quarter + interval '3 months')::date - 1 + 60;

-- What an edition says of a cell that holds `actual` incidents, after all that earlier editions said of it; NULL is
-- withheld, and reckoned as 2, the nearest to any figure. Where something within 2 of it was said before, that is said
-- again: the difference of two editions is 0 or at least 3.
CREATE FUNCTION published_count(actual integer, earlier integer[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN EXISTS (SELECT FROM unnest(earlier) AS said WHERE abs(greatest(actual, 2) - coalesce(said, 2)) <= 2)
    THEN (SELECT said FROM unnest(earlier) AS said ORDER BY abs(greatest(actual, 2) - coalesce(said, 2)), said LIMIT 1)
    ELSE nullif(greatest(actual, 2), 2)
END;

-- Makes the edition of a quarter: of synthetic rows alone or of real ones alone, since who can make the demonstration's
-- rows could take them away from a sum of both. It counts what its caller may not see, and so fails, rather than count
-- nothing, where a policy would bind the owner.
CREATE FUNCTION make_edition(of_quarter date, of_synthetic boolean, correction boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    title CONSTANT text := to_char(of_quarter, 'YYYY"-Q"Q');
    after_it CONSTANT date := (of_quarter + interval '3 months')::date;
    provinces text[];
    previous public.published_edition;
    made integer;
BEGIN
    LOCK TABLE public.published_edition IN SHARE ROW EXCLUSIVE MODE;
    IF public.today() < public.published_from(of_quarter) THEN
        RAISE EXCEPTION '% is published 60 days after its end: from % on. Try again then.',
            title, public.published_from(of_quarter);
    END IF;
    SELECT * INTO previous FROM public.published_edition
     WHERE quarter = of_quarter AND synthetic = of_synthetic ORDER BY number DESC LIMIT 1;
    IF previous.number IS NULL AND correction THEN
        RAISE EXCEPTION '% has not been published yet, so there is nothing to correct: publish it first.', title;
    ELSIF previous.number IS NOT NULL AND NOT correction THEN
        RAISE EXCEPTION '% was published before, and an edition stays as it is. Correct it with a new edition.', title;
    END IF;
    provinces := ARRAY(
        SELECT DISTINCT unit_code FROM public.admin_unit
         WHERE level = 1 AND valid_from < after_it AND (valid_to IS NULL OR valid_to > of_quarter) ORDER BY unit_code);
    IF cardinality(provinces) = 0 THEN
        RAISE EXCEPTION 'No province of % is known. Load the boundaries of that time first.', title;
    END IF;
    -- Two editions of one quarter by different borders could be subtracted from each other.
    IF correction AND provinces <> ARRAY(SELECT DISTINCT unit_code FROM public.published_cell
                                          WHERE edition_id = previous.edition_id ORDER BY unit_code) THEN
        RAISE EXCEPTION 'The provinces of % are others now than when it was published: by new borders, a correction'
            ' would tell what was withheld. The last edition stays.', title;
    END IF;

    INSERT INTO public.published_edition (quarter, number, synthetic)
    VALUES (of_quarter, coalesce(previous.number, 0) + 1, of_synthetic) RETURNING edition_id INTO made;
    INSERT INTO public.published_cell (edition_id, unit_code, level, incidents)
    WITH placed AS (
        SELECT incident.units, incident.occurred_from, coalesce(incident.level::text, 'unknown') AS level,
               count(*) AS incidents
          FROM public.incident
         WHERE incident.occurred_from >= of_quarter AND incident.occurred_from < after_it
           AND incident.synthetic = of_synthetic AND incident.status <> 'rejected'
           AND coalesce(incident.outcome, '') NOT IN ('unfounded', 'merged')
         GROUP BY incident.units, incident.occurred_from, coalesce(incident.level::text, 'unknown')
    ), counted AS (
        SELECT province.unit_code, placed.level, sum(placed.incidents)::integer AS incidents
          FROM placed
         -- Somewhere on a line through several provinces is in none that is known.
         CROSS JOIN LATERAL (
            SELECT min(unit.unit_code) AS unit_code FROM public.admin_unit AS unit
             WHERE unit.level = 1 AND unit.unit_code = ANY (placed.units) AND unit.valid_from <= placed.occurred_from
               AND (unit.valid_to IS NULL OR placed.occurred_from < unit.valid_to)
            HAVING count(DISTINCT unit.unit_code) = 1) AS province
         GROUP BY province.unit_code, placed.level
    ), said AS (
        SELECT cell.unit_code, cell.level, array_agg(cell.incidents) AS earlier
          FROM public.published_cell AS cell JOIN public.published_edition AS edition USING (edition_id)
         WHERE edition.quarter = of_quarter AND edition.synthetic = of_synthetic
         GROUP BY cell.unit_code, cell.level
    )
    SELECT made, province.unit_code, level.code,
           public.published_count(coalesce(counted.incidents, 0), coalesce(said.earlier, '{}'))
      FROM unnest(provinces) AS province (unit_code)
     CROSS JOIN unnest(ARRAY['1', '2', '3', 'unknown']) AS level (code)
      LEFT JOIN counted ON counted.unit_code = province.unit_code AND counted.level = level.code
      LEFT JOIN said ON said.unit_code = province.unit_code AND said.level = level.code;
    RETURN made;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published edition stays as it is; a correction is an edition of its own';
END $$;

-- Cells come and go with their edition, and at no other time.
CREATE FUNCTION keep_with_edition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM FROM public.published_edition WHERE edition_id = NEW.edition_id AND made_at <> now();
    ELSE
        PERFORM FROM public.published_edition WHERE edition_id = OLD.edition_id;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'a published edition stays as it is; a correction is an edition of its own';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER frozen BEFORE UPDATE ON published_edition FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_unless_synthetic BEFORE DELETE ON published_edition
FOR EACH ROW WHEN (NOT OLD.synthetic) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_whole BEFORE TRUNCATE ON published_edition EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen BEFORE UPDATE ON published_cell FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_with_edition BEFORE INSERT OR DELETE ON published_cell
FOR EACH ROW EXECUTE FUNCTION keep_with_edition();
CREATE TRIGGER frozen_whole BEFORE TRUNCATE ON published_cell EXECUTE FUNCTION refuse_change();
