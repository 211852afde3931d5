-- Erasing a user is the worker's: it may see and remove, in every table of auth, the rows of a user.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attname = 'user_id' AND NOT a.attisdropped AND c.relkind = 'r'
          AND c.relnamespace = '{service}'::regnamespace
    LOOP
        EXECUTE format('CREATE POLICY erasing_sees ON %I FOR SELECT TO {service}_worker USING (true)', name);
        EXECUTE format('CREATE POLICY erasing_removes ON %I FOR DELETE TO {service}_worker USING (true)', name);
        EXECUTE format('GRANT SELECT, DELETE ON %I TO {service}_worker', name);
    END LOOP;
END $$;
